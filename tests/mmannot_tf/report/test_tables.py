from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.report.tables import interval_tables, own_tables, systems_table


def _scores(value):
    return dict.fromkeys(SYMBOLS, value)


def test_a_row_has_a_line_for_each_side_that_it_has_and_differences_bear_a_sign():
    whole = {"method": "MS-CNN", "ours": _scores(51.0), "paper": _scores(50.0), "difference": _scores(0.5)}
    alone = {
        "method": "Tags only",
        "ours": _scores(7.0),
        "paper": None,
        "corrected": None,
        "difference": None,
    }
    rows = [{**whole, "corrected": {"image_recall": 50.5}}, alone]
    (table,) = own_tables({"tables": ["II", "VI"], "rows": rows, "quantity": []})
    assert table.title == "Beside Table II (MS-COCO), percent"
    assert table.heads == ["method", "", *SYMBOLS.values()]
    lines = dict(table.groups[0].lines)
    assert lines["ours"] == ["51.00"] * 7 and lines["diff."] == ["+0.50"] * 7
    assert lines["corr."] == ["", "", "", "", "50.50", "", ""]
    assert [side for side, _ in table.groups[1].lines] == ["ours"]


def test_systems_say_what_reads_tags_and_what_is_later_work():
    row = {
        "multi_modal": False,
        "source": "paper",
        "published": None,
        "corrected": None,
        "here": _scores(1.0),
    }
    rows = [
        {**row, "system": "SINN", "multi_modal": True, "published": _scores(2.0), "here": None},
        {**row, "system": "ASL", "source": "later"},
    ]
    table = systems_table({"table": "III", "rows": rows})
    assert table.title == "Compared systems beside Table III (NUS-WIDE), percent"
    assert [(one.name, one.lines) for one in table.groups] == [
        ("SINN (tags)", [("publ.", ["2.00"] * 7)]),
        ("ASL ‡", [("here", ["1.00"] * 7)]),
    ]


def test_intervals_stand_by_row_and_both_measures_of_a_pair_under_one_name():
    intervals = {"image_f1": [40.0, 60.0], "harmonic_f1": [30.0, 50.0]}
    rows = [{"method": "CNN", "image_f1": 50.0, "harmonic_f1": 40.0, "intervals": intervals}]
    pair = {"a": "MS-CNN", "b": "CNN", "difference": 1.0, "interval": [-0.5, 2.5], "p": 0.25}
    pairs = [{**pair, "measure": "image_f1"}, {**pair, "measure": "harmonic_f1", "difference": -1.0}]
    found = interval_tables({"rows": rows, "pairs": pairs, "resampling": {"confidence": 95}})
    assert found[0].groups[0].lines == [("", ["50.00 [40.00, 60.00]", "40.00 [30.00, 50.00]"])]
    assert [one.name for one in found[1].groups] == ["MS-CNN over CNN"]
    assert found[1].groups[0].lines == [
        ("I-F1", ["+1.00 [-0.50, +2.50]", "0.250"]),
        ("H-F1", ["-1.00 [-0.50, +2.50]", "0.250"]),
    ]
    assert interval_tables(None) == []
