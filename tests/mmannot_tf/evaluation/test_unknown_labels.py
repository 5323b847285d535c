"""What nobody knows is in no measure."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.averages import averages
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.how_many import how_many
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision, ranking_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.row_catalogue import row_of
from mmannot_tf.evaluation.rows import chosen_threshold, evaluate
from mmannot_tf.evaluation.scorer_ways import choose_ways, compare_scorers, estimated_quantities
from mmannot_tf.evaluation.verdict import verdict
from tfrecords_tools.shell.errors import UserError

SETTINGS = EvaluationSettings(k=1)
FEW = Resampling(draws=100)
RNG = np.random.default_rng(1)
SCORES = RNG.random((60, 4)).astype(np.float32)
HIDDEN = (RNG.random((60, 4)) < 0.4) & (np.arange(60) % 2 > 0)[:, np.newaxis]


def made(scores=SCORES, unknown=HIDDEN) -> Predictions:
    """Sixty images; of every second one some labels are unknown."""
    true = np.random.default_rng(2).random(SCORES.shape) < SCORES
    unknown = unknown.copy()
    return Predictions(
        split="test",
        digest="abc",
        ids=tuple(map(str, range(60))),
        labels=true & ~unknown,
        label_names=("a", "b", "c", "d"),
        probabilities={"classifier": scores, "tag_encoder": scores[:, ::-1].copy()},
        quantity={"quantity": true.sum(axis=1).astype(np.float32)},
        label_frequencies=np.float32([0.5, 0.4, 0.3, 0.2]),
        known_tags=np.ones(60, np.int32),
        unknown=unknown,
    )


def row(evaluation, method):
    (found,) = [row for row in evaluation.rows if row.method == method]
    return found


@pytest.fixture
def partly(predictions):
    """Of the first image nobody knows "sea" and "owl", so it has sky alone."""
    labels = np.array([[1, 0, 0], [0, 0, 1]], bool)
    return replace(predictions, labels=labels, unknown=np.array([[0, 1, 1], [0, 0, 0]], bool))


def test_rows_count_what_is_known(partly):
    """LQP gives the first image sky and sea, the second owl: sea is not counted, so all are right."""
    evaluation = evaluate(partly, SETTINGS, readings={})
    scores = row(evaluation, "MS-CNN+Tags+LQP").scores
    assert (scores.image_precision, scores.image_recall) == (100.0, 100.0)
    assert evaluation.unknown == 2 and document(evaluation)["unknown"] == 2


def test_quantities_are_of_images_whose_labels_are_all_known(partly):
    """The second image alone: m = 1; 2.6 and 0.0 are the outputs, which become 3 and 1."""
    visual, both = (row.scores for row in evaluate(partly, SETTINGS, readings={}).quantity)
    assert (visual.accuracy, visual.mse) == (0.0, pytest.approx(1.6**2))
    assert (both.accuracy, both.mse) == (100.0, pytest.approx(1.0))
    nowhere = replace(partly, unknown=np.array([[0, 1, 1], [1, 0, 0]], bool))
    assert evaluate(nowhere, SETTINGS, readings={}).quantity == ()


def test_the_upper_bound_ranks_known_labels_alone(partly):
    """The unknown label of the first image has the highest score, and one known label is true."""
    first = {**partly.probabilities, "classifier": np.float32([[0.5, 0.8, 0.1], [0.2, 0.1, 0.7]])}
    evaluation = evaluate(replace(partly, probabilities=first), SETTINGS, readings={})
    assert row(evaluation, "Upper bound").scores.image_f1 == 100.0


def test_average_precision_leaves_unknown_images_out_of_a_labels_ranking():
    """The only true image is second behind one of which nothing is known: its precision is 1, not 1/2."""
    scores, labels = np.array([[0.9], [0.6], [0.3]]), np.array([[False], [True], [False]])
    assert mean_average_precision(scores, labels) == 50.0
    assert mean_average_precision(scores, labels, np.array([[True], [False], [False]])) == 100.0


def test_ranking_precision_leaves_unknown_labels_out_of_an_images_ranking():
    """True labels at the places 2 and 4 of 4; without the first, 1 and 3: (1 + 2/3) / 2."""
    scores, labels = np.array([[0.9, 0.8, 0.7, 0.6]]), np.array([[False, True, False, True]])
    assert ranking_precision(scores, labels) == pytest.approx(100 * (1 / 2 + 2 / 4) / 2)
    unknown = np.array([[True, False, False, False]])
    assert ranking_precision(scores, labels, unknown) == pytest.approx(100 * (1 + 2 / 3) / 2)


@given(st.integers(0, 2**32 - 1))
def test_nothing_unknown_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.random((7, 5)), rng.random((7, 5)) < 0.5
    labels[0, 0] = True
    nowhere = np.zeros_like(labels)
    for measure in (mean_average_precision, ranking_precision):
        assert measure(scores, labels) == measure(scores, labels, nowhere)
    known = replace(made(unknown=np.zeros_like(HIDDEN)), unknown=None)
    both = (
        evaluate(each, SETTINGS, readings={}, resampling=FEW)
        for each in (known, made(unknown=HIDDEN & False))
    )
    assert next(both) == next(both)


def test_what_is_unknown_moves_no_row_that_cuts_at_a_threshold():
    moved = np.where(HIDDEN, np.float32(1) - SCORES, SCORES)
    fit = made(), made(moved)
    assert chosen_threshold(row_of("classifier"), fit[0]) == chosen_threshold(row_of("classifier"), fit[1])
    for method in ("CNN+Tags, p > 0.5", "CNN+Tags, chosen threshold"):
        here, there = (
            row(evaluate(each, SETTINGS, readings={}, chosen_on=each, resampling=FEW), method) for each in fit
        )
        assert here == there


def test_what_is_unknown_moves_no_way_by_threshold_and_no_calibration():
    moved = np.where(HIDDEN, np.float32(1) - SCORES, SCORES)
    here, there = (
        compare_scorers(each, None, SETTINGS, only="classifier", resampling=FEW)[0]
        for each in (made(), made(moved))
    )
    assert (here.calibrated, here.calibration_error) == (there.calibrated, there.calibration_error)
    for way in ("one_threshold", "label_thresholds_image_f", "half_best_f", "true_quantity"):
        assert here.row(way) == there.row(way)


def test_no_scores_of_a_row_count_an_unknown_pair():
    """Every interval, test and group is of labels that are given and known."""
    evaluation = evaluate(made(), SETTINGS, readings={}, resampling=FEW)
    predictions = made()
    chosen = np.argsort(-SCORES, axis=1)[:, :1] == np.arange(4)
    expected = annotation_scores(chosen & ~HIDDEN, predictions.labels)
    assert row(evaluation, "CNN+Tags").scores == expected
    (group,) = evaluation.by_known_tags
    assert row(group, "CNN+Tags").scores == expected


def test_with_few_known_quantities_ways_have_none():
    """One label is unknown of all images: no quantity is known, and ways that count labels are left out."""
    unknown = np.zeros_like(HIDDEN)
    unknown[:, 3] = True
    predictions = made(unknown=unknown)
    (comparison, *_) = compare_scorers(predictions, None, SETTINGS)
    assert all(row.quantity is None for row in comparison.rows)
    assert not {"posterior_f", "proportional_odds"} & {row.way for row in comparison.rows}
    assert estimated_quantities(predictions, predictions, SETTINGS) == ()
    assert choose_ways("best", predictions, SETTINGS).tagged.fitted is not None
    with pytest.raises(UserError, match="posterior_f"):
        choose_ways("posterior_f", predictions, SETTINGS)
    assert document(comparison)["rows"][0]["way"] == comparison.rows[0].way


def test_the_verdict_and_the_curves_count_what_is_known():
    predictions = made()
    short = verdict(predictions, SETTINGS, resampling=FEW, chosen_on=predictions)
    assert all(score <= 100 for score in short.simpler.values())
    drawn = how_many(predictions, predictions, SETTINGS)
    for reliability in drawn.reliabilities:
        assert reliability.pairs.sum() == np.count_nonzero(~HIDDEN)
    assert drawn.precision[-1] == pytest.approx(100 * predictions.labels.sum() / np.count_nonzero(~HIDDEN))


def test_a_file_keeps_what_is_unknown(tmp_path):
    made().save(tmp_path / "p.npz")
    np.testing.assert_array_equal(Predictions.load(tmp_path / "p.npz").unknown, HIDDEN)
    replace(made(), unknown=None).save(tmp_path / "q.npz")
    with np.load(tmp_path / "q.npz") as arrays:
        assert "unknown" not in arrays
    assert Predictions.load(tmp_path / "q.npz").unknown is None
    assert made().where(np.arange(60) < 3).unknown.shape == (3, 4)


@pytest.mark.parametrize("unknown", [np.zeros((60, 3), bool), np.zeros((60, 4), int), np.ones((60, 4), bool)])
def test_impossible_unknown_labels_are_refused(unknown):
    with pytest.raises(UserError, match="unknown labels must"):
        replace(made(), unknown=unknown)


def test_averages_say_how_much_is_left_out():
    evaluation = evaluate(made(), SETTINGS, readings={})
    assert averages([evaluation, evaluation]).unknown == HIDDEN.sum()
    with pytest.raises(UserError, match="same images and labels"):
        averages([evaluation, replace(evaluation, unknown=1)])
