import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from mmannot_tf.evaluation.resampling import Resampling, weighted_sums
from tfrecords_tools.shell.errors import UserError


def test_each_resample_is_as_many_images_drawn_with_replacement():
    counts = Resampling(draws=400).bootstrap(7)
    assert counts.shape == (400, 7)
    assert (counts.sum(axis=1) == 7).all()
    # An image is absent with probability (6/7)⁷ = 0.34; 2,800 cells give a deviation of about 0.01.
    assert np.mean(counts == 0) == pytest.approx((6 / 7) ** 7, abs=0.04)


def test_a_swap_is_as_likely_as_none():
    swaps = Resampling(draws=400).swaps(50)
    assert set(np.unique(swaps)) == {0, 1}
    assert swaps.mean() == pytest.approx(1 / 2, abs=0.02)


def test_the_same_seed_draws_the_same_and_another_does_not():
    for draw in ("bootstrap", "swaps"):
        first, second = (getattr(Resampling(draws=100), draw)(9) for _ in range(2))
        other = getattr(Resampling(draws=100, seed=1), draw)(9)
        assert np.array_equal(first, second)
        assert not np.array_equal(first, other)


@given(arrays(np.uint8, (4, 11)), arrays(bool, (11, 3)))
def test_weighted_sums_are_sums_of_copies(weights, values):
    expected = [np.repeat(values, row, axis=0).sum(axis=0).tolist() for row in weights]
    assert weighted_sums(weights, values).tolist() == expected


@pytest.mark.parametrize("images", [8_192, 8_193, 20_000])
def test_weighted_sums_of_many_images_are_exact(images):
    rng = np.random.default_rng(0)
    weights = rng.integers(256, size=(4, images), dtype=np.uint8)
    values = rng.random((images, 3)) < 0.5
    assert weighted_sums(weights, values).tolist() == (weights.astype(int) @ values.astype(int)).tolist()


def test_weighted_sums_take_negative_contributions():
    sums = weighted_sums(np.array([[0, 2, 1]], np.uint8), np.array([[5], [-1], [1]], np.int8))
    assert sums.tolist() == [[0 * 5 + 2 * -1 + 1 * 1]]


def test_an_interval_cuts_half_of_the_rest_at_each_end():
    low, high = Resampling(draws=100, confidence=90).interval(np.arange(101.0))
    assert (low, high) == (5, 95)


@pytest.mark.parametrize("draws", [1, 99, -5])
def test_too_few_draws_are_refused(draws):
    with pytest.raises(UserError, match=rf"at least 100, or 0.*Received: {draws}\."):
        Resampling(draws=draws)


@pytest.mark.parametrize("confidence", [0, 100, float("nan")])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(UserError, match="between 0 and 100 percent"):
        Resampling(confidence=confidence)
