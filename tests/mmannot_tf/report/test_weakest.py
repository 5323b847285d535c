"""The weakest labels and likely errors of the ground truth, against what one counts by hand."""

import base64
import csv
import io

import numpy as np

from mmannot_tf.report.counts import class_counts
from mmannot_tf.report.doubts import as_csv_uri, doubts
from mmannot_tf.report.weakest import weakest_labels

NAMES = ("sky", "sea", "dog")
IDS = ("a", "b", "c", "d")
LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 1, 0]], bool)
SCORES = np.array([[0.9, 0.6, 0.1], [0.8, 0.2, 0.2], [0.7, 0.4, 0.95], [0.9, 0.02, 0.97]], np.float32)
CHOSEN = SCORES > 0.5


def _weakest(**options):
    counts = class_counts(CHOSEN, LABELS, NAMES)
    wanted = {"most": 3, "least_images": 1, "examples": 2, **options}
    return weakest_labels(counts, CHOSEN, LABELS, SCORES, names=NAMES, ids=IDS, **wanted)


def test_the_lowest_f1_comes_first_with_its_surest_errors():
    sea, dog, sky = _weakest()
    assert [label.counts.label for label in (sea, dog, sky)] == ["sea", "dog", "sky"]
    assert sea.f1 == 0 and dog.f1 == 100 * 2 / 3 and sky.f1 == 100 * 6 / 7
    assert sea.missed == ("c", "b") and sea.wrong == ("a",)
    assert (dog.missed, dog.wrong) == ((), ("d",))
    assert (sky.missed, sky.wrong) == ((), ("c",))


def test_labels_of_few_images_are_left_out():
    assert [label.counts.label for label in _weakest(least_images=2, most=1)] == ["sea"]
    assert [label.counts.label for label in _weakest(least_images=3)] == ["sea", "sky"]


def test_doubts_are_confident_disagreements_the_surest_first():
    found = doubts(SCORES, LABELS, names=NAMES, ids=IDS, most=10)
    assert [(each.image, each.label, each.question) for each in found] == [
        ("d", "sea", "wrong?"),
        ("d", "dog", "missing?"),
    ]
    assert len(doubts(SCORES, LABELS, names=NAMES, ids=IDS, most=1)) == 1


def test_a_score_that_is_no_number_is_no_doubt():
    assert doubts(np.full((4, 3), np.nan, np.float32), LABELS, names=NAMES, ids=IDS, most=10) == []


def test_what_is_unknown_is_no_doubt():
    unknown = np.zeros(LABELS.shape, bool)
    unknown[3, NAMES.index("dog")] = True
    found = doubts(SCORES, LABELS, unknown, names=NAMES, ids=IDS, most=10)
    assert [(each.image, each.label) for each in found] == [("d", "sea")]


def test_doubts_go_into_a_table():
    uri = as_csv_uri(doubts(SCORES, LABELS, names=NAMES, ids=IDS, most=10))
    text = base64.b64decode(uri.partition(",")[2]).decode()
    assert [*csv.reader(io.StringIO(text))] == [
        ["image", "label", "in_ground_truth", "probability"],
        ["d", "sea", "1", "0.0200"],
        ["d", "dog", "0", "0.9700"],
    ]
