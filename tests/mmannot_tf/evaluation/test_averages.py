from dataclasses import replace

import pytest

from mmannot_tf.evaluation.averages import averages
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.evaluation.results import Evaluation, QuantityRow, ScoredRow
from tfrecords_tools.shell.errors import UserError


def _evaluation(score, methods=("CNN", "MS-CNN"), images=9):
    rows = tuple(
        ScoredRow(method, "paper", "top_k", AnnotationScores(*[score + place] * 7))
        for place, method in enumerate(methods)
    )
    quantity = (QuantityRow("MS-CNN", "paper", QuantityScores(score, score / 10)),)
    return Evaluation("test", images, 3, 3, rows, quantity, {})


def test_means_and_standard_deviations_of_each_row():
    averaged = averages([_evaluation(40.0), _evaluation(42.0), _evaluation(47.0)])
    assert (averaged.runs, averaged.images) == (3, 9)
    cnn, ms_cnn = averaged.rows
    assert cnn.method == "CNN"
    assert (cnn.means.image_f1, ms_cnn.means.image_f1) == (pytest.approx(43), pytest.approx(44))
    assert cnn.spread.image_f1 == pytest.approx(((3**2 + 1**2 + 4**2) / 2) ** 0.5)
    assert averaged.quantity[0].means.mse == pytest.approx(4.3)


def test_one_run_has_no_spread_and_rows_that_a_run_lacks_are_left_out():
    assert averages([_evaluation(40.0)]).rows[0].spread.class_f1 == 0
    averaged = averages([_evaluation(40.0), _evaluation(40.0, methods=("MS-CNN",))])
    assert [row.method for row in averaged.rows] == ["MS-CNN"]


def test_the_mean_average_precision_is_averaged_where_a_row_has_it():
    first, other = _evaluation(40.0), _evaluation(42.0)
    rows = [
        (each.rows[0], replace(each.rows[1], mean_average_precision=precision))
        for each, precision in ((first, 70.0), (other, 71.0))
    ]
    without, of_both = averages([replace(first, rows=rows[0]), replace(other, rows=rows[1])]).rows
    assert (without.mean_average_precision, of_both.mean_average_precision) == (None, pytest.approx(70.5))


def test_runs_of_other_images_or_labels_are_refused():
    with pytest.raises(UserError, match=r"9 images of test with 3 labels and 8 images of test with 3 labels"):
        averages([_evaluation(40.0), _evaluation(40.0, images=8)])
    with pytest.raises(UserError, match=r"9 images of test with 3 labels and 9 images of test with 4 labels"):
        averages([_evaluation(40.0), replace(_evaluation(40.0), classes=4)])


def test_the_document_has_the_means_in_the_rows_and_their_spread_below():
    averaged = document(averages([_evaluation(40.0), _evaluation(42.0)]))
    assert list(averaged) == ["runs", "split", "images", "classes", "rows", "quantity"]
    assert list(averaged["rows"][0]) == ["method", "source", "selection", *SYMBOLS, "spread"]
    assert list(averaged["rows"][0]["spread"]) == list(SYMBOLS)
    assert list(averaged["quantity"][0]) == ["features", "source", "accuracy", "mse", "spread"]
