from dataclasses import replace

import pytest

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Evaluation, PairedTests, ScoredRow
from mmannot_tf.paper.systems import compare_systems, systems_of
from mmannot_tf.paper.tables import table

FIFTY = dict.fromkeys(SYMBOLS, 50.0)


def _evaluation(*rows):
    scored = tuple(ScoredRow(*row, AnnotationScores(**FIFTY)) for row in rows)
    return Evaluation("test", 7, 3, 3, scored, (), {})


def _row(systems, name):
    (row,) = [row for row in systems.rows if row.system == name]
    return row


@pytest.mark.parametrize("number", ["III", "IV"])
def test_the_printed_rows_stand_in_their_order_with_ours_here(number):
    evaluation = _evaluation(
        ("MS-CNN+Tags+LQP", "paper", "predicted_quantity"), ("CNN+WARP", "compared", "top_k")
    )
    comparison = compare_systems(evaluation, number)
    assert [row.system for row in comparison.rows] == [row.system for row in table(number)]
    assert _row(comparison, "Ours").here["harmonic_f1"] == 50.0
    assert _row(comparison, "CNN+WARP").here == FIFTY
    assert _row(comparison, "RIA").here is None
    assert _row(comparison, "RIA").published["harmonic_f1"] == {"III": 56.10, "IV": 63.48}[number]


def test_later_work_comes_last_and_has_no_published_number():
    comparison = compare_systems(
        _evaluation(("ASL", "later", "top_k"), ("ASL, p > 0.5", "later", "threshold")), "III"
    )
    assert [row.system for row in comparison.rows][-2:] == ["ASL", "ASL, p > 0.5"]
    assert [row.published for row in comparison.rows[-2:]] == [None, None]
    assert [row.quantity_prediction for row in comparison.rows[-2:]] == [False, True]


def test_a_system_that_only_the_other_table_prints_stands_before_later_work():
    comparison = compare_systems(
        _evaluation(("ASL", "later", "top_k"), ("SINN", "compared", "top_k"), ("Tags only", "ours", "top_k")),
        "IV",
    )
    sinn, asl = comparison.rows[len(table("IV")) :]
    assert (sinn.system, asl.system) == ("SINN", "ASL")
    assert sinn.multi_modal and sinn.here == FIFTY and sinn.published is None
    assert sinn.notes == ("SINN: Table IV prints no such row",)
    assert len(compare_systems(_evaluation(("SINN", "compared", "top_k")), "III").rows) == len(table("III"))


def test_a_system_with_another_selection_is_a_row_of_its_own_without_a_note():
    methods = ("SINN", "top_k"), ("SINN, chosen threshold", "threshold"), ("CNN+logistic, k = 5", "top_k")
    comparison = compare_systems(
        _evaluation(*((name, "compared", selection) for name, selection in methods)), "IV"
    )
    _, threshold, five = comparison.rows[len(table("IV")) :]
    assert (threshold.system, five.system) == ("SINN, chosen threshold", "CNN+logistic, k = 5")
    assert (threshold.multi_modal, five.multi_modal) == (True, False)
    assert (threshold.quantity_prediction, five.quantity_prediction) == (True, False)
    assert threshold.notes == five.notes == ()


@pytest.mark.parametrize(
    ("source", "number"), [("nus_wide", "III"), ("mscoco", "IV"), ("synthetic", "III"), ("manifest", "III")]
)
def test_a_run_with_systems_gets_the_table_of_its_data_set_and_others_get_none(source, number):
    own = ("MS-CNN", "paper", "top_k"), ("Tags only", "ours", "top_k")
    assert systems_of(_evaluation(*own), source) is None
    evaluation = _evaluation(*own, ("CNN+WARP", "compared", "top_k"))
    assert systems_of(evaluation, source) == compare_systems(evaluation, number)


def test_it_says_which_columns_are_comparable_and_where_printed_rows_come_from():
    comparison = compare_systems(_evaluation(), "III")
    here, published, *others = comparison.notes
    assert here.startswith("here: ") and "so they are comparable" in here
    assert published.startswith("published: ") and "Table III" in published and "not comparable" in published
    assert any("TagNeighbour" in note for note in others)
    assert any("59.44" in note for note in _row(comparison, "SINN").notes)


def test_the_document_has_the_intervals_where_there_are_any():
    plain = compare_systems(_evaluation(), "IV")
    assert list(document(plain)) == ["table", "split", "images", "classes", "rows", "notes", "uncertainty"]
    assert document(plain)["uncertainty"] is None
    tested = replace(_evaluation(), tests=PairedTests((), Resampling(draws=100)))
    uncertainty = document(compare_systems(tested, "IV"))["uncertainty"]
    assert list(uncertainty) == ["rows", "pairs", "resampling"]
    assert uncertainty["resampling"]["draws"] == 100
