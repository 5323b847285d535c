from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import PairedTests, RowPair, RowUncertainty, ScoredRow
from mmannot_tf.paper.compare import ComparedRow, Comparison, Pair
from mmannot_tf.paper.systems import ComparedSystems, SystemRow
from mmannot_tf.report.tables import interval_tables, own_tables, systems_table


def _scores(value):
    return dict.fromkeys(SYMBOLS, value)


def test_a_row_has_a_line_for_each_side_that_it_has_and_differences_have_a_sign():
    corrected = {"image_recall": 50.5}
    whole = Pair(_scores(51.0), _scores(50.0), corrected, _scores(0.5), True, (), "comparable")
    alone = Pair(_scores(7.0), None, None, None, False, ("no row",), "not comparable: no row")
    rows = (ComparedRow("MS-CNN", whole, ()), ComparedRow("Tags only", alone, ()))
    (table,) = own_tables(Comparison(("II", "VI"), "test", 30, rows, (), (), None))
    assert table.title == "Beside Table II (MS-COCO), percent"
    assert table.heads == ["method", "", *SYMBOLS.values()]
    lines = dict(table.groups[0].lines)
    assert lines["ours"] == ["51.00"] * 7 and lines["diff."] == ["+0.50"] * 7
    assert lines["corr."] == ["", "", "", "", "50.50", "", ""]
    assert [side for side, _ in table.groups[1].lines] == ["ours"]


def test_systems_say_what_reads_tags_and_what_is_later_work():
    rows = (
        SystemRow("SINN", "paper", True, False, None, _scores(2.0), None, ()),
        SystemRow("ASL", "later", False, False, _scores(1.0), None, None, ()),
    )
    table = systems_table(ComparedSystems("III", "test", 30, 81, rows, (), None))
    assert table.title == "Compared systems beside Table III (NUS-WIDE), percent"
    assert [(group.name, group.lines) for group in table.groups] == [
        ("SINN (tags)", [("publ.", ["2.00"] * 7)]),
        ("ASL ‡", [("here", ["1.00"] * 7)]),
    ]


def test_intervals_stand_by_row_and_both_measures_of_a_pair_under_one_name():
    intervals = {"image_f1": (40.0, 60.0), "harmonic_f1": (30.0, 50.0)}
    scores = AnnotationScores(**{**_scores(0.0), "image_f1": 50.0, "harmonic_f1": 40.0})
    rows = (ScoredRow("CNN", "paper", "top_k", scores, intervals=intervals),)
    pairs = (
        RowPair("MS-CNN", "CNN", "image_f1", 1.0, (-0.5, 2.5), 0.25, False),
        RowPair("MS-CNN", "CNN", "harmonic_f1", -1.0, (-0.5, 2.5), 0.25, True),
    )
    of_rows, of_pairs = interval_tables(RowUncertainty(rows, PairedTests(pairs, Resampling())))
    assert of_rows.groups[0].lines == [("", ["50.00 [40.00, 60.00]", "40.00 [30.00, 50.00]"])]
    assert [group.name for group in of_pairs.groups] == ["MS-CNN over CNN"]
    assert of_pairs.groups[0].lines == [
        ("I-F1", ["+1.00 [-0.50, +2.50]", "0.250"]),
        ("H-F1", ["-1.00 [-0.50, +2.50] ?", "0.250"]),
    ]
    assert interval_tables(None) == []
