import pytest

from mmannot_tf.ablation.effects import Effect, Summary
from mmannot_tf.evaluation.averages import (
    AveragedQuantity,
    AveragedRow,
    AveragedWay,
    AveragedWays,
    Averages,
)
from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.report.cells import ablation_columns, effect_cells
from mmannot_tf.report.markdown import (
    averages_caption,
    averages_table,
    effects_table,
    markdown_table,
    quantities_table,
    ways_tables,
)

METHODS = ["CNN", "MS-CNN", "MS-CNN+Tags", "MS-CNN+LQP", "MS-CNN+Tags+LQP", "Upper bound"]


def _effects(variant, methods, mean):
    summary = Summary(mean, 4.0, 0.0)
    return [Effect(variant, method, {"image_f1": summary}) for method in methods]


def test_text_columns_come_first_and_numbers_are_aligned_right():
    expected = "| | key | n |\n|---|---|---:|\n| a | b | 1 |\n"
    assert markdown_table(["", "key", "n"], [["a", "b", "1"]], text_columns=2) == expected


def test_averages_have_spreads_of_the_f1s_and_printed_numbers_in_brackets():
    means, spread = AnnotationScores(*[41.0] * 7), AnnotationScores(*[1.414] * 7)
    rows = tuple(AveragedRow(method, "paper", "top_k", means, spread) for method in ("CNN", "MS-CNN"))
    averages = Averages(2, "test", 9, 3, rows, ())
    lines = averages_table(averages, {"CNN": dict.fromkeys(SYMBOLS, 57.16)}).splitlines()
    assert lines[0] == "| | C-P | C-R | C-F1 | I-P | I-R | I-F1 | H-F1 |"
    assert lines[2].startswith("| CNN | 41.0 (57.2) | 41.0 (57.2) |")
    assert lines[2].endswith("| 41.0 ± 1.4 (57.2) | 41.0 ± 1.4 (57.2) |")
    assert lines[3].count("±") == 2 and "(" not in lines[3]


def test_averages_have_a_column_of_mean_average_precisions_where_some_row_has_one():
    means, spread = AnnotationScores(*[41.0] * 7), AnnotationScores(*[1.414] * 7)
    rows = (
        AveragedRow("CNN", "paper", "top_k", means, spread),
        AveragedRow("CNN, p > 0.5", "ours", "threshold", means, spread, 72.34),
    )
    lines = averages_table(Averages(1, "test", 9, 3, rows, ()), {}).splitlines()
    assert lines[0] == "| | C-P | C-R | C-F1 | I-P | I-R | I-F1 | H-F1 | mAP |"
    assert lines[2].endswith("| 41.0 | 41.0 | |") and lines[3].endswith("| 41.0 | 41.0 | 72.3 |")


def test_the_caption_says_how_many_runs_images_and_labels():
    one, three = (averages_caption(Averages(runs, "test", 5903, 38, (), ())) for runs in (1, 3))
    assert one == "One run, 5,903 images of test, 38 labels, percent."
    assert three == "Means of 3 runs, 5,903 images of test, 38 labels, percent."


@pytest.mark.parametrize(("runs", "cells"), [(1, "58.2 | 0.39"), (3, "58.2 ± 1.5 | 0.39 ± 0.02")])
def test_quantities_have_accuracy_and_mse_with_their_spreads(runs, cells):
    quantity = AveragedQuantity("CNN", "ours", QuantityScores(58.2, 0.39), QuantityScores(1.5, 0.02))
    assert quantities_table(Averages(runs, "test", 9, 3, (), (quantity,))) == (
        f"| label quantity on | Accuracy (%) | MSE |\n|---|---:|---:|\n| CNN | {cells} |\n"
    )


def test_an_ablation_has_a_row_a_variant_and_a_column_a_method():
    effects = _effects("as configured", METHODS, 54.0)
    assert effect_cells(effects, "image_f1") == [["as configured", *["54.0 ± 4.0"] * len(METHODS)]]
    lines = effects_table(effects, "image_f1").splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| `as configured` | 54.0 ± 4.0 | ")


def test_an_ablation_without_fusion_blocks_has_their_rows():
    methods = ["CNN", "CNN+Tags", "CNN+LQP", "CNN+Tags+LQP", "Upper bound, CNN+Tags"]
    assert ablation_columns(_effects("as configured", [*reversed(methods), "Tags only"], 54.0)) == methods


def test_a_row_that_a_variant_lacks_is_not_trained():
    effects = _effects("as configured", METHODS, 54.0) + _effects("x = 1", METHODS[:2], 40.0)
    lacking = ["not trained"] * (len(METHODS) - 2)
    assert effect_cells(effects, "image_f1")[1] == ["x = 1", *["40.0 ± 4.0"] * 2, *lacking]


def test_ways_have_no_columns_for_quantities_that_are_not_known():
    f1 = {"image_f1": 50.0, "class_f1": 40.0, "harmonic_f1": 45.0}
    for means, heads in ((f1, ""), ({**f1, "accuracy": 60.0, "mse": 1.5}, " Accuracy (%) | MSE |")):
        row = AveragedWay("top_k", "top k", means, dict.fromkeys(means, 0.0))
        (text,) = ways_tables([AveragedWays("CNN", 1, 9, 20, (row,))])
        head, _, cells = text.split("\n\n")[1].splitlines()
        assert head == f"| | I-F1 | C-F1 | H-F1 |{heads}"
        assert cells.count("|") == head.count("|")
