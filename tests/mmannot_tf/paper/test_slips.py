from itertools import product

import pytest

from mmannot_tf.evaluation import metrics
from mmannot_tf.paper.intervals import Interval
from mmannot_tf.paper.labels_per_image import own_labels_per_image
from mmannot_tf.paper.slips import Slip, search
from mmannot_tf.paper.tables import table


def row_of(number, system):
    (row,) = [row for row in table(number) if row.system == system]
    return row


def changes(text):
    """Every text that differs in one digit, and every swap of two digits: by going through all numbers."""
    digits = text.replace(".", "")
    for other in map("".join, product("0123456789", repeat=len(digits))):
        places = [place for place, pair in enumerate(zip(digits, other, strict=True)) if pair[0] != pair[1]]
        swapped = len(places) == 2 and [digits[p] for p in places] == [other[p] for p in reversed(places)]
        if (len(places) == 1 or swapped) and other[0] != "0":
            yield f"{other[:2]}.{other[2:]}", swapped


def test_table_iis_ms_cnn_is_a_swap_of_two_digits_and_nothing_else():
    result = search(row_of("II", "MS-CNN"), own_labels_per_image("mscoco"))
    assert result.fitting == (Slip("image_recall", "62.15", "65.12", True),)
    assert result.likely == result.fitting[0]


def test_all_changes_of_all_scores_are_tried():
    row = row_of("II", "MS-CNN")
    assert search(row, None).tried == sum(len(list(changes(text))) for text in row.printed.values())


@pytest.mark.parametrize("score", ["image_precision", "image_recall"])
def test_the_changes_that_fit_are_those_a_walk_through_all_numbers_finds(score):
    """Independently: midpoints, and a tolerance of both roundings (each moves I-F1 by at most 0.0051)."""
    row = row_of("II", "MS-CNN")
    other = {"image_precision": "image_recall", "image_recall": "image_precision"}[score]
    near = {
        text
        for text, _ in changes(row.printed[score])
        if abs(metrics.harmonic_mean(float(text), float(row.printed[other])) - 63.02) < 0.0101
    }
    corrected = {slip.corrected for slip in search(row, None).fitting if slip.score == score}
    assert corrected == near


def test_labels_per_image_rule_out_a_change_that_only_the_f1_admits():
    row = row_of("II", "MS-CNN")
    assert search(row, Interval(1.0, 2.0)).fitting == ()
    assert search(row, Interval(1.0, 2.0)).likely is None


def test_sinns_only_fitting_change_is_one_digit_of_c_p():
    assert search(row_of("III", "SINN"), None).likely == Slip("class_precision", "58.30", "58.60", False)


def test_where_several_changes_fit_none_is_likely():
    result = search(row_of("IV", "CNN+WARP"), None)
    assert Slip("image_f1", "60.70", "60.60", False) in result.fitting
    assert len(result.fitting) > 1
    assert result.likely is None


def test_zeros_that_pad_a_source_of_one_decimal_are_no_digits():
    assert all(slip.corrected.endswith("0") for slip in search(row_of("IV", "CNN+WARP"), None).fitting)


@pytest.mark.parametrize("system", ["MS-CNN+Tags", "CNN"])
@pytest.mark.parametrize("score", ["image_precision", "image_recall"])
def test_a_planted_swap_is_found_again(system, score):
    row = row_of("I", system)
    text = row.printed[score]
    planted = row.corrected(score, text[3] + text[1] + "." + text[0] + text[4])
    fitting = search(planted, own_labels_per_image("nus_wide")).fitting
    assert Slip(score, planted.printed[score], text, True) in fitting
