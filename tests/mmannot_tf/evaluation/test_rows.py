import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.row_catalogue import ROWS
from mmannot_tf.evaluation.rows import annotating_row, evaluate
from tfrecords_tools.shell.errors import UserError

SETTINGS = EvaluationSettings(k=1)


def f1(p, r):
    return 2 * p * r / (p + r)


def row_of(evaluation, method):
    (row,) = [row for row in evaluation.rows if row.method == method]
    return row


def test_all_rows_come_in_the_papers_order_and_then_ours(predictions):
    whole = replace(
        predictions,
        probabilities={
            **predictions.probabilities,
            "cnn_longer": predictions.probabilities["cnn"],
            "tag_encoder": predictions.probabilities["cnn"],
        },
    )
    evaluation = evaluate(whole, SETTINGS, readings={"evaluation.k": 1})
    assert [row.method for row in evaluation.rows] == [
        "Upper bound",
        "MS-CNN+Tags+LQP",
        "MS-CNN+LQP",
        "MS-CNN+Tags",
        "MS-CNN",
        "CNN",
        "CNN, trained as long",
        "Tags only",
        "MS-CNN+Tags, p > 0.5",
        "MS-CNN, p > 0.5",
        "CNN, p > 0.5",
        "CNN, trained as long, p > 0.5",
        "Tags only, p > 0.5",
    ]
    assert all(set(SYMBOLS) <= set(row.measures) for row in evaluation.rows)


def test_the_frame_of_an_evaluation(predictions):
    evaluation = evaluate(predictions, SETTINGS, readings={"evaluation.k": 1})
    assert (evaluation.split, evaluation.images) == ("test", 2)
    assert (evaluation.classes, evaluation.classes_present) == (3, 3)
    assert evaluation.readings == {"evaluation.k": 1}


def test_a_row_selects_from_its_own_scorer_with_its_own_quantity(predictions):
    # Truth: {sky, sea}, {owl}.
    evaluation = evaluate(predictions, SETTINGS, readings={})
    upper = row_of(evaluation, "Upper bound")  # {sky, sea}, {owl}
    assert list(asdict(upper.scores).values()) == pytest.approx([100] * 7)
    full = row_of(evaluation, "MS-CNN+Tags+LQP")  # 2.25 → 2, 0 → 1
    assert full.scores.image_f1 == pytest.approx(100)
    visual = row_of(evaluation, "MS-CNN+LQP")  # 1.4 → {sky}; 2.6 → all three
    assert visual.scores.image_precision == pytest.approx(100 * 2 / 4)
    assert visual.scores.image_recall == pytest.approx(100 * 2 / 3)
    assert visual.scores.class_precision == pytest.approx(100 * (1 / 2 + 0 / 1 + 1 / 1) / 3)
    cnn = row_of(evaluation, "CNN")  # {sky}, {sky}
    assert cnn.scores.image_precision == pytest.approx(100 * 1 / 2)
    assert cnn.scores.image_f1 == pytest.approx(100 * f1(1 / 2, 1 / 3))
    assert (cnn.selection, visual.selection, upper.selection) == (
        "top_k",
        "predicted_quantity",
        "true_quantity",
    )


def test_a_threshold_row_has_mean_average_precision(predictions):
    row = row_of(evaluate(predictions, SETTINGS, readings={}), "CNN, p > 0.5")  # {sky, owl}, {sky}
    assert row.scores.image_precision == pytest.approx(100 * 1 / 3)
    assert row.mean_average_precision == pytest.approx(100 * (1 / 1 + 1 / 1 + 1 / 2) / 3)
    assert row.selection == "threshold"


def test_the_threshold_names_its_row(predictions):
    settings = EvaluationSettings(k=1, threshold=0.25)
    assert row_of(evaluate(predictions, settings, readings={}), "CNN, p > 0.25")


def test_other_numbers_of_labels_have_rows_of_their_own(predictions):
    with_them = replace(predictions, label_frequencies=np.array([0.1, 0.75, 0.4], np.float32))
    evaluation = evaluate(with_them, EvaluationSettings(k=1, other_k=(2, 3)), readings={})
    for method in ("MS-CNN+Tags", "CNN", "Label frequencies"):
        alone = row_of(evaluate(with_them, EvaluationSettings(k=2), readings={}), method)
        row = row_of(evaluation, f"{method}, k = 2")
        assert (row.measures, row.source) == (alone.measures, "ours")
        assert row_of(evaluation, method) == row_of(evaluate(with_them, SETTINGS, readings={}), method)
        assert row_of(evaluation, f"{method}, k = 3").scores.image_recall == pytest.approx(100)
    assert not [row for row in evaluation.rows if row.method.startswith(("MS-CNN+LQP, k", "Upper bound, k"))]


def test_a_chosen_threshold_is_that_of_the_other_images(predictions):
    # On the other images the scorer is surer: {sky} of 0.9, 0.6, 0.4 and {sky, sea} of 0.9, 0.8, 0.7.
    other = replace(
        predictions,
        split="validation",
        labels=np.array([[True, False, False], [True, True, False]]),
        probabilities={"cnn": np.array([[0.9, 0.6, 0.4], [0.9, 0.8, 0.7]], np.float32)},
    )
    only = replace(predictions, probabilities={"cnn": predictions.probabilities["cnn"]}, quantity={})
    row = row_of(evaluate(only, SETTINGS, readings={}, chosen_on=other), "CNN, chosen threshold")
    assert (row.threshold, row.selection, row.source) == (pytest.approx(0.7), "threshold", "ours")
    settings = EvaluationSettings(k=1, threshold=row.threshold)
    by_hand = row_of(evaluate(only, settings, readings={}), f"CNN, p > {row.threshold:g}")
    assert row.measures == by_hand.measures
    assert not [one for one in evaluate(only, SETTINGS, readings={}).rows if "chosen" in one.method]


def test_a_scorer_that_the_other_images_lack_has_no_chosen_threshold(predictions):
    other = replace(predictions, split="validation", probabilities={"cnn": predictions.probabilities["cnn"]})
    evaluation = evaluate(predictions, SETTINGS, readings={}, chosen_on=other)
    assert [row.method for row in evaluation.rows if "chosen" in row.method] == ["CNN, chosen threshold"]


@pytest.mark.parametrize(("scorer", "source"), [("cnn_logistic", "compared"), ("asl", "later")])
def test_a_systems_other_rows_stand_with_the_system(predictions, scorer, source):
    with_system = replace(predictions, probabilities={scorer: predictions.probabilities["cnn"]}, quantity={})
    settings = EvaluationSettings(k=1, other_k=(2,))
    rows = evaluate(with_system, settings, readings={}, chosen_on=with_system).rows
    assert {row.source for row in rows} == {source}
    assert {row.method.partition(", ")[2] for row in rows} == {"", "k = 2", "p > 0.5", "chosen threshold"}


def test_quantities_are_named_by_their_features_in_the_papers_order(predictions):
    visual, joint = evaluate(predictions, SETTINGS, readings={}).quantity
    assert visual.features == "MS-CNN"
    assert visual.scores.accuracy == 0  # 1 and 3, where the truth is 2 and 1
    assert visual.scores.mse == pytest.approx(((1.4 - 2) ** 2 + (2.6 - 1) ** 2) / 2)
    assert joint.features == "MS-CNN+Tags"
    assert joint.scores.accuracy == pytest.approx(100)
    assert joint.scores.mse == pytest.approx((0.25**2 + 1) / 2)


def test_never_predicted_reaches_the_metrics(predictions):
    zero = row_of(evaluate(predictions, SETTINGS, readings={}), "CNN")
    settings = EvaluationSettings(k=1, never_predicted="left_out")
    left_out = row_of(evaluate(predictions, settings, readings={}), "CNN")
    assert zero.scores.class_precision == pytest.approx(100 * (1 / 2 + 0 + 0) / 3)
    assert left_out.scores.class_precision == pytest.approx(100 * (1 / 2) / 1)


def test_rows_whose_scorer_or_quantity_is_absent_are_left_out(predictions):
    only = {"ms_cnn": predictions.probabilities["ms_cnn"]}
    evaluation = evaluate(replace(predictions, probabilities=only, quantity={}), SETTINGS, readings={})
    assert [row.method for row in evaluation.rows] == ["MS-CNN", "MS-CNN, p > 0.5"]
    assert evaluation.quantity == ()


def test_no_known_scorer_is_an_error(predictions):
    with pytest.raises(UserError, match=r"known scorer.*Received: other"):
        evaluate(replace(predictions, probabilities={"other": np.zeros((2, 3))}), SETTINGS, readings={})


def test_label_frequencies_give_every_image_the_training_splits_commonest_labels(predictions):
    with_them = replace(predictions, label_frequencies=np.array([0.1, 0.75, 0.4], np.float32))
    evaluation = evaluate(with_them, SETTINGS, readings={})
    row = row_of(evaluation, "Label frequencies")  # {sea}, {sea}, where the truth is {sky, sea}, {owl}
    assert row.source == "ours"
    assert row.scores.image_precision == pytest.approx(100 * 1 / 2)
    assert row.scores.image_recall == pytest.approx(100 * 1 / 3)
    assert row.scores.class_recall == pytest.approx(100 * (0 / 1 + 1 / 1 + 0 / 1) / 3)
    # no label is likelier than not in an image nobody looked at: a row by threshold would say nothing
    assert not [other for other in evaluation.rows if other.method.startswith("Label frequencies, p")]


def test_predictions_without_label_frequencies_have_no_such_row(predictions):
    methods = [row.method for row in evaluate(predictions, SETTINGS, readings={}).rows]
    assert not [method for method in methods if method.startswith("Label frequencies")]


def test_label_frequencies_alone_are_no_run(predictions):
    lone = replace(predictions, probabilities={}, label_frequencies=np.full(3, 0.5, np.float32))
    with pytest.raises(UserError, match=r"known scorer \(asl, classifier.*Received: none"):
        evaluate(lone, SETTINGS, readings={})


def test_each_row_names_its_source(predictions):
    rows = evaluate(predictions, SETTINGS, readings={}).rows
    papers = [row.method for row in rows if row.source == "paper"]
    assert papers == ["Upper bound", "MS-CNN+Tags+LQP", "MS-CNN+LQP", "MS-CNN+Tags", "MS-CNN", "CNN"]
    assert {row.source for row in rows if row.method not in papers} == {"ours"}


def test_resampling_adds_intervals_and_pairs_and_changes_nothing_else(predictions):
    plain = evaluate(predictions, SETTINGS, readings={})
    resampled = evaluate(predictions, SETTINGS, readings={}, resampling=Resampling(draws=100, seed=4))
    assert resampled.tests.resampling == Resampling(draws=100, confidence=95.0, seed=4)
    pairs = [(pair.a, pair.b) for pair in resampled.tests.pairs[::2]]
    assert pairs == [
        ("MS-CNN", "CNN"),
        ("MS-CNN+Tags", "MS-CNN"),
        ("MS-CNN+LQP", "MS-CNN"),
        ("MS-CNN+Tags+LQP", "MS-CNN+Tags"),
    ]
    assert all(list(row.intervals) == list(SYMBOLS) for row in resampled.rows)
    assert all(low <= high for row in resampled.rows for low, high in row.intervals.values())
    rows = tuple(replace(row, intervals={}, biased=None) for row in resampled.rows)
    assert replace(resampled, rows=rows, tests=None) == plain


def test_the_document_of_an_evaluation_has_flat_rows(predictions):
    resampled = evaluate(
        predictions, SETTINGS, readings={"evaluation.k": 1}, resampling=Resampling(draws=100)
    )
    frame = ["split", "images", "classes", "classes_present", "rows", "quantity", "readings"]
    assert list(document(resampled)) == [*frame, "pairs", "resampling"]
    scored = ["method", "source", "selection", *SYMBOLS]
    assert list(document(resampled)["rows"][0]) == [*scored, "intervals", "biased"]
    assert list(document(resampled)["rows"][-1]) == [
        *scored,
        "mean_average_precision",
        "threshold",
        "intervals",
        "biased",
    ]
    plain = document(evaluate(predictions, SETTINGS, readings={}))
    assert list(plain) == frame and list(plain["rows"][0]) == scored
    assert list(plain["quantity"][0]) == ["features", "source", "accuracy", "mse"]


def test_each_row_is_named_once():
    assert len({row.method for row in ROWS}) == len(ROWS)


@pytest.mark.slow
def test_scoring_and_comparing_need_no_tensorflow():
    code = (
        "import sys, mmannot_tf.evaluation.rows, mmannot_tf.report.terminal, mmannot_tf.paper.compare; "
        "print(sorted({'tensorflow', 'keras', 'tensorflow_datasets', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_untagged_images_can_be_annotated_by_the_visual_heads(predictions):
    known = replace(predictions, known_tags=np.array([2, 0]))
    # By the joint heads {sky, sea} and {owl}, by the visual ones {sky} and all three.
    row = row_of(evaluate(known, SETTINGS, readings={}), "MS-CNN+Tags+LQP, untagged MS-CNN+LQP")
    assert row.source == "ours"
    assert row.scores.image_precision == pytest.approx(100 * 3 / 5)
    assert row.scores.image_recall == pytest.approx(100)
    visual = EvaluationSettings(k=1, untagged="visual")
    assert annotating_row(known, visual).method == row.method
    assert annotating_row(known, SETTINGS).method == "MS-CNN+Tags+LQP"
    for without in (predictions, replace(predictions, known_tags=np.array([2, 1]))):
        assert annotating_row(without, visual).method == "MS-CNN+Tags+LQP"
        rows = evaluate(without, SETTINGS, readings={}).rows
        assert not [one for one in rows if "untagged" in one.method]


def test_rows_are_scored_by_the_number_of_known_tags(predictions):
    assert evaluate(predictions, SETTINGS, readings={}).by_known_tags is None
    known = replace(predictions, known_tags=np.array([2, 0]))
    evaluation = evaluate(known, SETTINGS, readings={})
    zero, some = evaluation.by_known_tags
    assert (zero.known_tags, zero.images, some.known_tags, some.images) == ("0", 1, "1 or 2", 1)
    for group, kept in ((zero, slice(1, 2)), (some, slice(0, 1))):
        alone = Predictions(
            split="test",
            digest="abc",
            ids=predictions.ids[kept],
            labels=predictions.labels[kept],
            label_names=predictions.label_names,
            probabilities={name: values[kept] for name, values in predictions.probabilities.items()},
            quantity={name: values[kept] for name, values in predictions.quantity.items()},
            known_tags=known.known_tags[kept],
        )
        assert all(row in group.rows for row in evaluate(alone, SETTINGS, readings={}).rows)
        assert [row.method for row in group.rows] == [row.method for row in evaluation.rows]
    assert [group["known_tags"] for group in document(evaluation)["by_known_tags"]] == ["0", "1 or 2"]


@pytest.mark.parametrize(
    ("number", "group"),
    [
        (0, "0"),
        (1, "1 or 2"),
        (2, "1 or 2"),
        (3, "3 to 5"),
        (5, "3 to 5"),
        (6, "6 or more"),
        (99, "6 or more"),
    ],
)
def test_every_number_of_known_tags_is_in_one_group(predictions, number, group):
    known = replace(predictions, known_tags=np.full(2, number))
    (only,) = evaluate(known, SETTINGS, readings={}).by_known_tags
    assert (only.known_tags, only.images) == (group, 2)
    assert only.rows == evaluate(known, SETTINGS, readings={}).rows
