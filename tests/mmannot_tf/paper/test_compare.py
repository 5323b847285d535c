from dataclasses import replace

import pytest

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.evaluation.results import Evaluation, QuantityRow, ScoredRow
from mmannot_tf.paper.comparability import RunFacts
from mmannot_tf.paper.compare import compare

PAPERS_OWN = RunFacts(
    source="mscoco",
    split="test",
    images=30_774,
    backbone="resnet101",
    weights_origin="imagenet",
    readings={"evaluation.k": 3},
    build={"tokens": "letters"},
)


def evaluation_with(*methods):
    rows = tuple(ScoredRow(method, "paper", "top_k", AnnotationScores(*[50.0] * 7)) for method in methods)
    quantity = (QuantityRow("MS-CNN", "paper", QuantityScores(46.27, 1.0)),)
    return Evaluation("test", 30_774, 80, 80, rows, quantity, {})


def pair_of(comparison, method):
    (row,) = [row for row in comparison.rows if row.method == method]
    return row.pair


def notes_of(comparison, method):
    (row,) = [row for row in comparison.rows if row.method == method]
    return row.notes


def test_a_run_like_the_papers_is_comparable():
    comparison = compare(evaluation_with("CNN"), PAPERS_OWN)
    assert comparison.tables == ("II", "VI")
    pair = pair_of(comparison, "CNN")
    assert (pair.comparable, pair.reasons, notes_of(comparison, "CNN")) == (True, (), ())
    assert (pair.comparability, pair.corrected) == ("comparable", None)
    assert list(pair.ours) == list(SYMBOLS)
    assert pair.paper["harmonic_f1"] == 59.58
    assert pair.difference["harmonic_f1"] == pytest.approx(50 - 59.58)


def test_a_reason_against_the_run_stands_on_every_row_of_both_sides():
    comparison = compare(evaluation_with("CNN", "MS-CNN"), replace(PAPERS_OWN, backbone="tiny"))
    for pair in (pair_of(comparison, "CNN"), pair_of(comparison, "MS-CNN"), comparison.quantity[0].pair):
        assert not pair.comparable
        assert pair.comparability == "not comparable: backbone tiny, where the paper has ResNet-101"


def test_a_likely_slip_is_shown_corrected_and_the_difference_is_to_that():
    pair = pair_of(compare(evaluation_with("CNN", "MS-CNN"), PAPERS_OWN), "MS-CNN")
    assert pair.paper["image_recall"] == 62.15
    assert pair.corrected == {"image_recall": 65.12}
    assert pair.difference["image_recall"] == pytest.approx(50 - 65.12)
    assert pair.difference["image_f1"] == pytest.approx(50 - 63.02)


def test_nothing_else_of_the_papers_own_tables_is_corrected():
    methods = ("Upper bound", "MS-CNN+Tags+LQP", "MS-CNN+LQP", "MS-CNN+Tags", "MS-CNN", "CNN")
    for source in ("nus_wide", "mscoco"):
        rows = compare(evaluation_with(*methods), replace(PAPERS_OWN, source=source)).rows
        corrected = [row.method for row in rows if row.pair.corrected]
        assert corrected == (["MS-CNN"] if source == "mscoco" else [])


def test_nus_wide_is_compared_with_tables_i_and_v():
    facts = replace(PAPERS_OWN, source="nus_wide", images=55_335, build={"protocol": "paper"})
    comparison = compare(evaluation_with("CNN"), facts)
    assert comparison.tables == ("I", "V")
    assert pair_of(comparison, "CNN").comparability == "comparable"
    assert pair_of(comparison, "CNN").paper["image_f1"] == 64.77


def test_the_printed_rows_come_first_then_the_rows_only_we_have():
    comparison = compare(evaluation_with("CNN, trained as long", "CNN", "MS-CNN"), PAPERS_OWN)
    methods = [row.method for row in comparison.rows]
    assert methods[0] == "Upper bound"
    assert methods[-2:] == ["CNN", "CNN, trained as long"]
    ours_only = pair_of(comparison, "CNN, trained as long")
    assert (ours_only.paper, ours_only.difference) == (None, None)
    assert ours_only.reasons == ("the paper prints no such row",)
    paper_only = pair_of(comparison, "Upper bound")
    assert (paper_only.ours, paper_only.difference) == (None, None)
    assert "no such row" in paper_only.reasons[0]
    assert not ours_only.comparable
    assert not paper_only.comparable


def test_the_papers_own_error_is_noted_on_its_row_only():
    comparison = compare(evaluation_with("CNN", "MS-CNN"), PAPERS_OWN)
    (note,) = notes_of(comparison, "MS-CNN")
    assert "65.12" in note
    assert notes_of(comparison, "CNN") == ()
    nus_wide = compare(evaluation_with("MS-CNN"), replace(PAPERS_OWN, source="nus_wide"))
    assert notes_of(nus_wide, "MS-CNN") == ()


def test_caption_tags_are_called_what_they_are_for_coco_only():
    assert "near-oracle" in compare(evaluation_with("CNN"), PAPERS_OWN).notes[0]
    assert compare(evaluation_with("CNN"), replace(PAPERS_OWN, source="synthetic")).notes == ()


def test_quantities_are_paired_by_their_features():
    visual, joint = compare(evaluation_with("CNN"), PAPERS_OWN).quantity
    assert visual.features == "MS-CNN"
    assert visual.pair.difference == pytest.approx({"accuracy": 0, "mse": 1 - 0.773})
    assert visual.pair.comparable
    assert (joint.features, joint.pair.ours, joint.pair.comparable) == ("MS-CNN+Tags", None, False)


def test_the_document_of_a_comparison_has_flat_rows():
    comparison = document(compare(evaluation_with("CNN"), PAPERS_OWN))
    parts = ["tables", "split", "images", "rows", "quantity", "notes", "uncertainty"]
    assert list(comparison) == parts and comparison["uncertainty"] is None
    pair = ["ours", "paper", "corrected", "difference", "comparable", "reasons", "comparability"]
    assert list(comparison["rows"][0]) == ["method", *pair, "notes"]
    assert list(comparison["quantity"][0]) == ["features", *pair]
