"""The sentences below a comparison of ways."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.ways import Labelled, compare_ways
from mmannot_tf.report.ways import sentences


@pytest.fixture(scope="module")
def comparison():
    """Of ways on 300 images, with a noisy quantity as what they are compared with."""
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.4, 1, (300, 5)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    data = Labelled.of(probabilities, labels, rng.uniform(0, 5, 300).astype(np.float32))
    half = np.arange(300) % 2 == 0
    return compare_ways("made", data.where(half), data.where(~half), resampling=Resampling(draws=200))


def test_a_difference_is_beyond_noise_where_its_interval_can_be_relied_on(comparison):
    pairs = tuple(replace(pair, biased=False, p=0.001) for pair in comparison.pairs)
    line, *_ = sentences(replace(comparison, pairs=pairs))
    assert "p = 0.001 (beyond noise)" in line and "?" not in line


def test_a_difference_is_uncertain_where_its_interval_cannot(comparison):
    pairs = tuple(replace(pair, biased=True, p=0.001) for pair in comparison.pairs)
    line, *_ = sentences(replace(comparison, pairs=pairs))
    assert "] ?, p = 0.001 (uncertain, for the resamples are biased)" in line
    assert "noise" not in line
