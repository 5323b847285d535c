import json

import pytest

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.paper.systems import compare_systems, systems_of
from mmannot_tf.paper.tables import table


def _evaluation(*rows):
    return {
        "split": "test",
        "images": 7,
        "rows": [
            {"method": method, "source": source, "selection": selection, **dict.fromkeys(SYMBOLS, 50.0)}
            for method, source, selection in rows
        ],
        "quantity": [],
    }


def _row(comparison, system):
    (row,) = [row for row in comparison["rows"] if row["system"] == system]
    return row


@pytest.mark.parametrize("number", ["III", "IV"])
def test_the_printed_rows_stand_in_their_order_with_ours_here(number):
    evaluation = _evaluation(
        ("MS-CNN+Tags+LQP", "paper", "predicted_quantity"), ("CNN+WARP", "compared", "top_k")
    )
    comparison = compare_systems(evaluation, number)
    assert [row["system"] for row in comparison["rows"]] == [row.system for row in table(number)]
    assert _row(comparison, "Ours")["here"]["harmonic_f1"] == 50.0
    assert _row(comparison, "CNN+WARP")["here"] == dict.fromkeys(SYMBOLS, 50.0)
    assert _row(comparison, "RIA")["here"] is None
    assert _row(comparison, "RIA")["published"]["harmonic_f1"] == {"III": 56.10, "IV": 63.48}[number]


def test_later_work_comes_last_and_has_no_published_number():
    comparison = compare_systems(
        _evaluation(("ASL", "later", "top_k"), ("ASL, p > 0.5", "later", "threshold")), "III"
    )
    assert [row["system"] for row in comparison["rows"]][-2:] == ["ASL", "ASL, p > 0.5"]
    assert [row["published"] for row in comparison["rows"][-2:]] == [None, None]
    assert [row["quantity_prediction"] for row in comparison["rows"][-2:]] == [False, True]


def test_a_system_that_only_the_other_table_prints_stands_before_later_work():
    comparison = compare_systems(
        _evaluation(("ASL", "later", "top_k"), ("SINN", "compared", "top_k"), ("Tags only", "ours", "top_k")),
        "IV",
    )
    sinn, asl = comparison["rows"][len(table("IV")) :]
    assert (sinn["system"], asl["system"]) == ("SINN", "ASL")
    assert sinn["multi_modal"] and sinn["here"] == dict.fromkeys(SYMBOLS, 50.0) and sinn["published"] is None
    assert sinn["notes"] == ["SINN: Table IV prints no such row"]
    assert len(compare_systems(_evaluation(("SINN", "compared", "top_k")), "III")["rows"]) == len(
        table("III")
    )


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
    here, published, *others = comparison["notes"]
    assert here.startswith("here: ") and "so they are comparable" in here
    assert published.startswith("published: ") and "Table III" in published and "not comparable" in published
    assert any("TagNeighbour" in note for note in others)
    assert any("59.44" in note for note in _row(comparison, "SINN")["notes"])


def test_it_is_plain_json_with_the_intervals_where_there_are_any():
    evaluation = {**_evaluation(), "pairs": [], "resampling": {"draws": 100}}
    assert (
        json.loads(json.dumps(compare_systems(evaluation, "IV")))["uncertainty"]["resampling"]["draws"] == 100
    )
    assert compare_systems(_evaluation(), "IV")["uncertainty"] is None
