import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.calibration import FOLDS
from mmannot_tf.decisions.catalogue import WAYS, way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.one_threshold import OneThreshold
from mmannot_tf.decisions.way import Options
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.metrics import annotation_scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.scorer_ways import compare_scorers
from mmannot_tf.evaluation.ways import compare_ways

SCORERS = ("cnn", "ms_cnn", "classifier", "asl", "ria")


def drawn(seed, images=300, quantity=True):
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.5, 2, (images, 8)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    predicted = (labels.sum(axis=1) + rng.normal(0, 1, images)).astype(np.float32) if quantity else None
    return Labelled.of(probabilities, labels, predicted)


@pytest.fixture(scope="module")
def fit():
    return drawn(0)


@pytest.fixture(scope="module")
def scored():
    return drawn(1)


@pytest.fixture(scope="module")
def comparison(fit, scored):
    return compare_ways("scores", fit, scored, resampling=Resampling(draws=200))


def test_each_way_is_fitted_on_one_set_and_scored_on_the_other(comparison, fit, scored):
    assert [row.way for row in comparison.rows] == [way.name for way in WAYS]
    for row, way in zip(comparison.rows, WAYS, strict=True):
        fitted = FittedWay.fit(way, fit.scores, fit.labels, calibrated=comparison.calibrated)
        selected = fitted.select(scored.scores)
        assert row.scores == annotation_scores(selected, scored.labels)
        true = scored.labels.sum(axis=1)
        assert row.quantity.accuracy == pytest.approx(100 * np.mean(selected.sum(axis=1) == true))
        assert row.quantity.mse == pytest.approx(np.mean((fitted.estimate(scored.scores) - true) ** 2))


def test_the_best_is_chosen_across_folds_and_never_the_true_quantity(comparison, fit):
    selected = np.zeros(fit.labels.shape, bool)
    for fold in range(FOLDS):
        held = np.arange(len(fit.labels)) % FOLDS == fold
        way = OneThreshold.fit(fit.where(~held).scores, fit.where(~held).labels, Options())
        selected[held] = way.select(fit.where(held).scores)
    by_hand = annotation_scores(selected, fit.labels).image_f1
    assert comparison.row("one_threshold").validation["image_f1"] == pytest.approx(by_hand)
    best = comparison.best("image_f1")
    others = [row for row in comparison.rows if row.way != "true_quantity"]
    assert best.validation["image_f1"] == max(row.validation["image_f1"] for row in others)


def test_without_other_images_each_fold_is_decided_by_the_rest(fit):
    crossed = compare_ways("scores", fit, None)
    assert crossed.is_crossed and crossed.images == crossed.fitted_on == 300
    for row in crossed.rows:
        assert row.scores.image_f1 == pytest.approx(row.validation["image_f1"])


def test_ways_are_tested_against_the_papers(comparison, fit, scored):
    assert comparison.reference == "predicted_quantity"
    assert {pair.b for pair in comparison.pairs} == {"predicted_quantity"}
    assert {pair.measure for pair in comparison.pairs} == {"image_f1", "class_f1", "harmonic_f1"}
    for pair in comparison.pairs:
        rows = (comparison.row(pair.a).scores, comparison.row(pair.b).scores)
        difference = getattr(rows[0], pair.measure) - getattr(rows[1], pair.measure)
        assert pair.difference == pytest.approx(difference)
        assert pair.interval[0] <= difference <= pair.interval[1]


def test_scores_without_a_regressor_are_compared_with_top_k():
    comparison = compare_ways("scores", drawn(0, quantity=False), drawn(1, quantity=False))
    assert comparison.reference == "top_k"
    names = {row.way for row in comparison.rows}
    assert names == {way.name for way in WAYS if "quantity" not in way.needs}


def test_calibration_errors_are_of_the_scored_images(fit, scored):
    distorted = Labelled.of(scored.scores.probabilities**3, scored.labels)
    fit_too = Labelled.of(fit.scores.probabilities**3, fit.labels)
    comparison = compare_ways("scores", fit_too, distorted)
    assert comparison.uncalibrated_error > 10 and comparison.calibration_error < 3
    on_any_scale = compare_ways(
        "scores",
        Labelled.of(10 * fit.scores.probabilities - 3, fit.labels),
        Labelled.of(10 * scored.scores.probabilities - 3, scored.labels),
    )
    assert on_any_scale.uncalibrated_error is None and on_any_scale.calibration_error < 4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("labels", [1, 2, 5])
@pytest.mark.parametrize("kind", ["probabilities", "zeros and ones", "any scale", "no label", "every label"])
def test_sets_with_little_in_them_are_compared(labels, kind):
    rng = np.random.default_rng(labels)
    scores = rng.random((12, labels)).astype(np.float32)
    truth = rng.random(scores.shape) < scores
    if kind == "zeros and ones":
        scores = np.round(scores)
    elif kind == "any scale":
        scores = 200 * scores - 100
    elif kind != "probabilities":
        truth[:] = kind == "every label"
    data = Labelled.of(scores, truth, rng.normal(size=12).astype(np.float32))
    for scored in (None, data):
        for row in compare_ways("scores", data, scored).rows:
            assert np.isfinite(row.scores.image_f1) and np.isfinite(row.quantity.mse)


def test_every_scorer_of_a_run_has_a_comparison_with_its_own_regressor():
    data = {split: drawn(seed) for seed, split in enumerate(("validation", "test"))}
    predictions = [
        Predictions(
            split=split,
            digest="",
            ids=tuple(map(str, range(300))),
            labels=each.labels,
            label_names=tuple("abcdefgh"),
            probabilities=dict.fromkeys(SCORERS, each.scores.probabilities),
            quantity={"quantity": each.scores.quantity, "quantity_visual": 0 * each.scores.quantity},
        )
        for split, each in data.items()
    ]
    comparisons = {one.scorer: one for one in compare_scorers(*predictions, EvaluationSettings(k=2))}
    assert list(comparisons) == ["MS-CNN+Tags", "MS-CNN", "CNN", "ASL"]  # RIA decodes: it ranks nothing
    of_tags, of_image = comparisons["MS-CNN+Tags"], comparisons["MS-CNN"]
    assert of_tags.row("predicted_quantity").quantity.mse < 2
    assert of_image.row("predicted_quantity").quantity.mse > 2
    assert comparisons["CNN"].reference == comparisons["ASL"].reference == "top_k"
    test = data["test"]
    two = FittedWay.fit(way_named("top_k"), test.scores, test.labels, Options(k=2)).select(test.scores)
    assert of_tags.row("top_k").scores == annotation_scores(two, test.labels)
