"""Ways and calibrations are fitted on what is known alone."""

import numpy as np
import pytest

from mmannot_tf.decisions.calibration import (
    best_method,
    calibration_error,
    fit_calibration,
    log_loss,
    reliability,
)
from mmannot_tf.decisions.catalogue import WAYS, way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.true_quantity import TrueQuantity
from mmannot_tf.decisions.way import LEAST_COUNTED, Options, Scores

RNG = np.random.default_rng(0)
PROBABILITIES = RNG.random((120, 5)).astype(np.float32)
TRUE = RNG.random((120, 5)) < PROBABILITIES
UNKNOWN = (RNG.random((120, 5)) < 0.3) & (np.arange(120) % 3 > 0)[:, np.newaxis]
LABELS = TRUE & ~UNKNOWN
QUANTITY = TRUE.sum(axis=1) + RNG.normal(size=120).astype(np.float32)


def scores(probabilities=PROBABILITIES, unknown=UNKNOWN) -> Scores:
    return Scores(probabilities, QUANTITY, LABELS.sum(axis=1), unknown)


MOVED = np.where(UNKNOWN, RNG.random((120, 5)).astype(np.float32), PROBABILITIES)
"""Other scores where nothing is known."""


@pytest.mark.parametrize("name", [way.name for way in WAYS if not way.counts_labels])
@pytest.mark.parametrize("method", ["none", "temperature", "platt", "isotonic"])
def test_a_way_does_not_read_what_is_unknown(name, method):
    here, there = (
        FittedWay.fit(way_named(name), scores(values), LABELS, Options(), method)
        for values in (PROBABILITIES, MOVED)
    )
    assert here == there


@pytest.mark.parametrize("name", [way.name for way in WAYS if way.counts_labels])
def test_a_way_that_counts_labels_reads_the_images_of_which_all_are_known(name):
    whole = ~UNKNOWN.any(axis=1)
    alone = Scores(PROBABILITIES[whole], QUANTITY[whole], LABELS[whole].sum(axis=1))
    way, calibration = way_named(name), fit_calibration("platt", PROBABILITIES[whole], LABELS[whole])
    of_all = FittedWay.fit(way, scores(), LABELS, Options(), "platt", calibration)
    assert of_all == FittedWay.fit(way, alone, LABELS[whole], Options(), "platt", calibration)


@pytest.mark.parametrize("label", range(5))
@pytest.mark.parametrize("name", ["label_thresholds_image_f", "label_thresholds_class_f"])
def test_one_labels_threshold_is_that_of_its_known_images(name, label):
    known, way = ~UNKNOWN[:, label], way_named(name)
    of_all = Scores(PROBABILITIES[:, [label]], None, None, UNKNOWN[:, [label]])
    alone = Scores(PROBABILITIES[known][:, [label]])
    fitted = way.fit(of_all, LABELS[:, [label]], Options())
    assert fitted == way.fit(alone, LABELS[known][:, [label]], Options())


def test_a_label_of_which_nothing_is_known_is_never_given():
    unknown = UNKNOWN.copy()
    unknown[:, 2] = True
    labels = TRUE & ~unknown
    fitted = FittedWay.fit(way_named("label_thresholds_image_f"), scores(unknown=unknown), labels)
    assert not fitted.select(scores())[:, 2].any()


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_a_calibration_of_all_pairs_is_that_of_the_known_ones(method):
    known = ~UNKNOWN
    alone = fit_calibration(method, PROBABILITIES[known][:, np.newaxis], LABELS[known][:, np.newaxis])
    assert fit_calibration(method, PROBABILITIES, LABELS, UNKNOWN) == alone


def test_measures_of_probabilities_are_of_known_pairs():
    """Two known pairs, each 0.2 from the truth; what is unknown would be 0.9 away."""
    probabilities, labels = np.array([[0.8, 0.9], [0.9, 0.2]]), np.array([[True, False], [False, False]])
    unknown = np.array([[False, True], [True, False]])
    assert log_loss(probabilities, labels, unknown) == pytest.approx(-2 * np.log(0.8))
    assert calibration_error(probabilities, labels, unknown) == pytest.approx(20)
    assert reliability(probabilities, labels, unknown)[2].tolist() == [1, 1]


def test_the_best_calibration_does_not_read_what_is_unknown():
    assert best_method(PROBABILITIES, LABELS, UNKNOWN) == best_method(MOVED, LABELS, UNKNOWN)


def test_the_true_quantity_gives_the_best_known_labels():
    """One known label: the best of the known ones is given, not the better unknown one."""
    some = Scores(np.float32([[0.9, 0.5, 0.1]]), None, np.array([1]), np.array([[True, False, False]]))
    assert TrueQuantity().select(some).tolist() == [[False, True, False]]


def test_with_few_known_quantities_no_way_counts_labels():
    unknown = np.zeros_like(UNKNOWN)
    unknown[LEAST_COUNTED - 1 :, 0] = True
    fitted = FittedWays.fit("top_k", scores(unknown=unknown), TRUE & ~unknown, Options(), "platt")
    assert not any(way.way.counts_labels for way in fitted.by_name.values())
    unknown[LEAST_COUNTED - 1] = False
    fitted = FittedWays.fit("top_k", scores(unknown=unknown), TRUE & ~unknown, Options(), "platt")
    assert {way.name for way in WAYS if way.counts_labels} <= fitted.by_name.keys()
