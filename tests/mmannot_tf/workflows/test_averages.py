import pytest

from mmannot_tf.evaluation.averages import AveragedRow, Averages
from mmannot_tf.evaluation.metrics import AnnotationScores
from mmannot_tf.workflows.averages import printed_scores, rows_of_table


def _averages(*rows):
    scores = AnnotationScores(*[50.0] * 7)
    averaged = tuple(AveragedRow(method, source, "top_k", scores, scores) for method, source in rows)
    return Averages(3, "test", 9, 3, averaged, ())


@pytest.mark.parametrize(
    ("number", "methods"),
    [("I", ["MS-CNN", "CNN"]), ("IV", ["MS-CNN+Tags+LQP", "CNN+WARP", "SINN", "ASL"])],
)
def test_a_table_keeps_its_rows_in_its_order_and_one_of_systems_gets_those_it_lacks(number, methods):
    averages = _averages(
        ("CNN", "paper"), ("MS-CNN", "paper"), ("Tags only", "ours"), ("CNN+WARP", "compared"),
        ("SINN", "compared"), ("ASL", "later"), ("MS-CNN+Tags+LQP", "paper"),
    )  # fmt: skip
    rows = [row.method for row in rows_of_table(averages, number).rows]
    assert [method for method in rows if method in methods] == methods
    assert "Tags only" not in rows


def test_printed_scores_have_our_names():
    assert printed_scores("III")["MS-CNN+Tags+LQP"]["harmonic_f1"] == 74.47
