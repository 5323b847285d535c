import numpy as np
import pytest
from label_subsets import chances, subsets, with_quantity

from mmannot_tf.decisions.poisson_binomial import labels_with_quantity, quantity_distribution


@pytest.fixture
def probabilities():
    drawn = np.random.default_rng(0).random((6, 7))
    drawn[0], drawn[1] = 0.0, 1.0
    return drawn


@pytest.mark.parametrize("labels", range(1, 8))
@pytest.mark.parametrize("most", [1, 2, 5, 7, 10])
def test_the_distribution_of_the_quantity_agrees_with_enumeration(probabilities, labels, most):
    given = probabilities[:, :labels]
    measured = quantity_distribution(given, most)
    for image, row in enumerate(given):
        quantities = np.minimum(subsets(labels).sum(axis=1), most)
        expected = np.bincount(quantities, chances(row), most + 1)
        np.testing.assert_allclose(measured[image], expected, atol=1e-12)


@pytest.mark.parametrize("first", range(1, 8))
@pytest.mark.parametrize("most", [2, 4, 7])
def test_labels_with_their_quantity_agree_with_enumeration(probabilities, first, most):
    measured = labels_with_quantity(probabilities[:, :first], probabilities[:, first:], most)
    for image, row in enumerate(probabilities):
        exact = with_quantity(chances(row), 7)
        expected = np.concatenate([exact[:, :most], exact[:, most:].sum(axis=1, keepdims=True)], axis=1)
        np.testing.assert_allclose(measured[image], expected[:first], atol=1e-12)


def test_many_labels_agree_with_the_convolution_of_one_after_the_other():
    probabilities = np.random.default_rng(1).beta(0.1, 3, (2, 1000))
    expected = np.ones((2, 1))
    for label in range(1000):
        p = probabilities[:, label : label + 1]
        expected = np.pad(expected * (1 - p), [[0, 0], [0, 1]]) + np.pad(expected * p, [[0, 0], [1, 0]])
    measured = quantity_distribution(probabilities, 64)
    np.testing.assert_allclose(measured[:, :64], expected[:, :64], rtol=1e-9)
    np.testing.assert_allclose(measured[:, 64], expected[:, 64:].sum(axis=1), rtol=1e-9)


def test_small_probabilities_of_the_last_entry_keep_their_digits():
    tail = quantity_distribution(np.full((1, 6), 1e-4, np.float32), 4)[0, -1]
    assert tail == pytest.approx(15 * 1e-16, rel=1e-3)
