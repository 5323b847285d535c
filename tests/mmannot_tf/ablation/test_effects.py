import pytest

from mmannot_tf.ablation.effects import effects
from mmannot_tf.report.cells import ABLATION_COLUMNS as COLUMNS
from mmannot_tf.report.cells import effect_cells
from mmannot_tf.report.markdown import effects_table


def evaluation(f1: float) -> dict:
    rows = [{"method": name, "image_f1": f1, "class_f1": 2 * f1, "harmonic_f1": f1 / 2} for name in COLUMNS]
    return {"rows": rows}


FOUND = effects(
    {
        "as configured": [evaluation(50.0), evaluation(54.0), evaluation(58.0)],
        "k = 2": [evaluation(53.0), evaluation(55.0), evaluation(56.0)],
    }
)


def test_means_spreads_and_paired_differences():
    first, second = FOUND[0], FOUND[len(COLUMNS)]
    assert first["image_f1"] == {"mean": 54.0, "spread": 4.0, "difference": 0.0}
    assert second["variant"] == "k = 2"
    assert second["image_f1"]["difference"] == pytest.approx((3 + 1 - 2) / 3)
    assert second["class_f1"]["mean"] == pytest.approx(2 * (53 + 55 + 56) / 3)


def test_one_seed_has_no_spread():
    assert effects({"as configured": [evaluation(50.0)]})[0]["image_f1"]["spread"] == 0.0


def test_a_row_a_variant_and_a_column_a_method():
    assert effect_cells(FOUND, "image_f1")[0] == ["as configured", *["54.0 ± 4.0"] * len(COLUMNS)]
    lines = effects_table(FOUND, "harmonic_f1").splitlines()
    assert len(lines) == 2 + 2
    assert lines[2].startswith("| `as configured` | 27.0 ± 2.0 | ")


def test_a_row_that_could_not_be_trained_for_some_seed_is_left_out_and_said():
    lacking = evaluation(40.0)
    lacking["rows"] = lacking["rows"][:2]
    found = effects({"as configured": [evaluation(50.0)] * 2, "x = 1": [evaluation(40.0), lacking]})
    assert [one["method"] for one in found if one["variant"] == "x = 1"] == list(COLUMNS[:2])
    assert effect_cells(found, "image_f1")[1][1:] == ["40.0 ± 0.0"] * 2 + ["not trained"] * (len(COLUMNS) - 2)
