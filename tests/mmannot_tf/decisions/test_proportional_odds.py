import numpy as np
import pytest
from scipy.optimize import approx_fprime

from mmannot_tf.decisions.proportional_odds import ProportionalOdds, _Likelihood
from mmannot_tf.decisions.way import Options, Scores


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(0)
    model = _Likelihood(rng.normal(size=(120, 2)), rng.integers(0, 4, 120), 4)
    packed = model.start + rng.normal(0, 0.3, model.start.shape)
    expected = approx_fprime(packed, lambda at: model(at)[0], 1e-6)
    np.testing.assert_allclose(model(packed)[1], expected, rtol=1e-4, atol=1e-3)


@pytest.fixture(scope="module")
def correlated():
    """Images whose labels come together, which the scores tell but by half."""
    rng = np.random.default_rng(1)
    busy = rng.random((6000, 1)) < 0.5
    chance = np.where(busy, 0.7, 0.1) * rng.uniform(0.7, 1.3, (6000, 8))
    labels = rng.random(chance.shape) < np.clip(chance, 0, 1)
    labels[~labels.any(axis=1), 0] = True
    quantity = (labels.sum(axis=1) + rng.normal(0, 0.5, 6000)).astype(np.float32)
    return Scores(np.clip(0.5 * chance + 0.2, 0, 1).astype(np.float32), quantity), labels


def test_quantities_given_a_label_are_as_frequent_as_the_model_says(correlated):
    scores, labels = correlated
    joint = ProportionalOdds.fit(scores, labels, Options()).joint(scores)
    np.testing.assert_allclose(joint.sum(axis=2), scores.probabilities, atol=1e-5)
    assert (joint[..., 0] == 0).all() and (joint >= 0).all()
    given = (joint / scores.probabilities[..., np.newaxis])[labels]
    true = np.broadcast_to(labels.sum(axis=1)[:, np.newaxis], labels.shape)[labels]
    for quantity in range(1, 9):
        assert np.mean(true == quantity) == pytest.approx(given[:, quantity].mean(), abs=0.02)
        near = np.abs(given[:, quantity] - 0.5) < 0.1
        if near.sum() > 500:
            assert np.mean(true[near] == quantity) == pytest.approx(given[near, quantity].mean(), abs=0.06)


def test_a_predicted_quantity_makes_the_true_one_likelier(correlated):
    scores, labels = correlated
    true = labels.sum(axis=1)

    def likelihood(given):
        joint = ProportionalOdds.fit(given, labels, Options()).joint(given)
        of_true = np.take_along_axis(joint, true[:, np.newaxis, np.newaxis], axis=2)[..., 0]
        return np.log((of_true / given.probabilities)[labels]).mean()

    assert likelihood(scores) > likelihood(Scores(scores.probabilities)) + 0.2


def test_one_label_an_image_is_enough():
    labels = np.eye(4, dtype=bool)[np.arange(40) % 4]
    scores = Scores(np.where(labels, 0.9, 0.1).astype(np.float32))
    assert (ProportionalOdds.fit(scores, labels, Options()).select(scores) == labels).all()
