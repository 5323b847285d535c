import csv
from pathlib import Path

import pytest

from mmannot_tf.evaluation.metrics import harmonic_mean
from mmannot_tf.paper.contradictions import CONTRADICTIONS, about
from mmannot_tf.paper.tables import DATASETS, beside, quantity_table, table

ROWS = [row for number in ("I", "II", "III", "IV") for row in table(number)]
F1S = {
    "class_f1": ("class_precision", "class_recall"),
    "image_f1": ("image_precision", "image_recall"),
    "harmonic_f1": ("class_f1", "image_f1"),
}
RECOMPUTED = [(row, f1, *parts) for row in ROWS for f1, parts in F1S.items()]
SHARED = Path(__file__).resolve().parents[4] / "shared" / "paper"


@pytest.mark.parametrize(
    ("row", "f1", "a", "b"), RECOMPUTED, ids=[f"{row.table} {row.system} {f1}" for row, f1, *_ in RECOMPUTED]
)
def test_equations_6_and_7_give_the_printed_f1s_but_for_the_known_contradictions(row, f1, a, b):
    """Where a is near b both derivatives are near 1/2: roundings move the two sides by 0.005 each.

    One-decimal sources (CNN-RNN and, in Table IV, the baselines) are rounded at 0.05 instead of 0.005.
    """
    recomputed = harmonic_mean(getattr(row.scores, a), getattr(row.scores, b))
    one_decimal = all(round(getattr(row.scores, name), 1) == getattr(row.scores, name) for name in (a, b, f1))
    unit = 0.1 if one_decimal else 0.01
    contradicted = (row.table, row.system, f1) in {(c.table, c.system, c.score) for c in CONTRADICTIONS}
    agrees = getattr(row.scores, f1) == pytest.approx(recomputed, abs=unit)
    assert agrees is not contradicted


def test_the_digit_swap_of_table_ii_explains_its_contradiction():
    (row,) = [row for row in table("II") if row.system == "MS-CNN"]
    assert harmonic_mean(61.06, 65.12) == pytest.approx(row.scores.image_f1, abs=0.01)
    assert about("II", "MS-CNN") == (CONTRADICTIONS[0].text,)
    assert about("I", "MS-CNN") == ()


@pytest.mark.parametrize(("number", "labels"), [("I", 2.547), ("II", 2.812)])
def test_the_top_k_rows_imply_the_labels_an_image_that_the_readings_cite(number, labels):
    rows = [row for row in table(number) if not row.quantity_prediction]
    swapped = {("II", "MS-CNN")}
    ratios = [
        3 * row.scores.image_precision / row.scores.image_recall
        for row in rows
        if (row.table, row.system) not in swapped
    ]
    assert len(ratios) >= 2
    assert ratios == pytest.approx([labels] * len(ratios), abs=0.002)


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


def test_each_data_sets_tables_are_of_it_and_others_are_shown_beside_nus_wide():
    for source, dataset in DATASETS.items():
        printed = [*table(dataset.methods), *quantity_table(dataset.quantities)]
        assert {row.dataset for row in printed} == {source}
    assert beside("mscoco").methods == "II"
    assert beside("synthetic") == beside("nus-wide") == DATASETS["nus-wide"]


@pytest.mark.real
@pytest.mark.parametrize("name", ["tables.csv", "lqp_tables.csv"])
def test_the_packaged_tables_are_the_references(name):
    if not SHARED.exists():
        pytest.skip("the reference folder ../shared is absent")
    packaged = Path(__file__).resolve().parents[3] / "mmannot_tf" / "paper" / name
    with (SHARED / name).open() as reference, packaged.open() as ours:
        assert list(csv.reader(ours)) == list(csv.reader(reference))
