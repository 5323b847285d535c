import pytest

from mmannot_tf.evaluation.averages import averages
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.report.markdown import averages_table
from tfrecords_tools.shell.errors import UserError


def _evaluation(score, methods=("CNN", "MS-CNN"), images=9):
    rows = [
        {"method": method, "source": "paper", "selection": "top_k", **dict.fromkeys(SYMBOLS, score + place)}
        for place, method in enumerate(methods)
    ]
    quantity = [{"features": "MS-CNN", "source": "paper", "accuracy": score, "mse": score / 10}]
    return {"split": "test", "images": images, "rows": rows, "quantity": quantity}


def test_means_and_standard_deviations_of_each_row():
    found = averages([_evaluation(40.0), _evaluation(42.0), _evaluation(47.0)])
    assert (found["runs"], found["images"]) == (3, 9)
    cnn, ms_cnn = found["rows"]
    assert (cnn["method"], cnn["image_f1"], ms_cnn["image_f1"]) == (
        "CNN",
        pytest.approx(43),
        pytest.approx(44),
    )
    assert cnn["spread"]["image_f1"] == pytest.approx(((3**2 + 1**2 + 4**2) / 2) ** 0.5)
    assert found["quantity"][0]["mse"] == pytest.approx(4.3)


def test_one_run_has_no_spread_and_rows_that_a_run_lacks_are_left_out():
    assert averages([_evaluation(40.0)])["rows"][0]["spread"]["class_f1"] == 0
    found = averages([_evaluation(40.0), _evaluation(40.0, methods=("MS-CNN",))])
    assert [row["method"] for row in found["rows"]] == ["MS-CNN"]


def test_runs_of_other_images_are_refused():
    with pytest.raises(UserError, match=r"same images .* 9 of test and 8 of test"):
        averages([_evaluation(40.0), _evaluation(40.0, images=8)])


def test_markdown_has_spreads_of_the_f1s_and_printed_numbers_in_brackets():
    found = averages([_evaluation(40.0), _evaluation(42.0)])
    lines = averages_table(found, {"CNN": dict.fromkeys(SYMBOLS, 57.16)}).splitlines()
    assert lines[0] == "| | C-P | C-R | C-F1 | I-P | I-R | I-F1 | H-F1 |"
    assert lines[2].startswith("| CNN | 41.0 (57.2) | 41.0 (57.2) |")
    assert lines[2].endswith("| 41.0 ± 1.4 (57.2) | 41.0 ± 1.4 (57.2) |")
    assert lines[3].count("±") == 2 and "(" not in lines[3]
