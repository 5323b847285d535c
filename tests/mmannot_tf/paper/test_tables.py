import csv
from pathlib import Path

import pytest

from mmannot_tf.paper.tables import DATASETS, paper_tables_for, quantity_table, table

ROWS = [row for number in ("I", "II", "III", "IV") for row in table(number)]
SHARED = Path(__file__).resolve().parents[4] / "shared" / "paper"


def test_a_row_is_known_to_the_decimals_that_it_needs():
    one_decimal = {(row.table, row.system) for row in ROWS if row.decimals == 1}
    baselines = {("IV", system) for system in ("CNN-RNN", "CNN+WARP", "CNN+softmax", "CNN+logistic")}
    assert one_decimal == {("III", "CNN-RNN")} | baselines
    assert {row.decimals for row in ROWS} == {1, 2}


def test_a_printed_number_stands_for_half_a_unit_of_its_last_known_decimal():
    (warp,) = [row for row in table("IV") if row.system == "CNN+WARP"]
    assert warp.printed["image_precision"] == "61.40"
    assert warp.interval("image_precision").rounded() == (61.35, 61.45)
    assert warp.interval("harmonic_f1").rounded() == (58.085, 58.095)  # the paper's own, of two decimals
    assert table("I")[0].interval("class_precision").rounded() == (81.455, 81.465)


def test_a_corrected_row_differs_in_one_score_only():
    row = table("II")[4]
    corrected = row.corrected("image_recall", "65.12")
    assert (row.scores.image_recall, corrected.scores.image_recall) == (62.15, 65.12)
    assert corrected.corrected("image_recall", "62.15") == row


def test_rows_keep_the_order_and_kind_of_the_print():
    assert [row.system for row in table("I")] == [
        "Upper bound",
        "MS-CNN+Tags+LQP",
        "MS-CNN+LQP",
        "MS-CNN+Tags",
        "MS-CNN",
        "CNN",
    ]
    assert [row.multi_modal for row in table("II")] == [True, True, False, True, False, False]
    assert [row.quantity_prediction for row in table("II")] == [True, True, True, False, False, False]
    assert [len(table(number)) for number in ("I", "II", "III", "IV", "V")] == [6, 6, 10, 8, 0]


def test_the_full_method_is_the_same_in_both_its_tables():
    for variants, others in (("I", "III"), ("II", "IV")):
        ours = {row.system: row.scores for row in table(others)}
        assert [row.scores for row in table(variants)][:2] == [ours["Upper bound"], ours["Ours"]]


def test_quantity_tables():
    assert [(row.features, row.scores.accuracy, row.scores.mse) for row in quantity_table("VI")] == [
        ("MS-CNN", 46.27, 0.773),
        ("MS-CNN+Tags", 47.96, 0.564),
    ]


def test_each_data_set_has_its_own_tables_and_others_have_those_of_nus_wide():
    for source, dataset in DATASETS.items():
        printed = [*table(dataset.methods), *quantity_table(dataset.quantities)]
        assert {row.dataset for row in printed} == {source}
    assert paper_tables_for("mscoco").methods == "II"
    assert paper_tables_for("synthetic") == paper_tables_for("nus_wide") == DATASETS["nus_wide"]


@pytest.mark.real
@pytest.mark.parametrize("name", ["tables.csv", "lqp_tables.csv"])
def test_the_packaged_tables_are_the_references(name):
    if not SHARED.exists():
        pytest.skip("the reference folder ../shared is absent")
    packaged = Path(__file__).resolve().parents[3] / "mmannot_tf" / "paper" / name
    with (SHARED / name).open() as reference, packaged.open() as ours:
        assert list(csv.reader(ours)) == list(csv.reader(reference))
