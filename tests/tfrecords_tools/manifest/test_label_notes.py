import time

import pytest

from tfrecords_tools.manifest.label_notes import misspellings, notes


def test_nothing_odd_is_no_note():
    assert list(notes({"a": 2, "b": 3}, training_labels=["b", "a", "a"])) == []


def test_each_kind_of_odd_label_is_noted():
    images = {
        "Cat": 2,
        "ant": 1,
        "cat": 4,
        "café": 2,
        "cafe\u0301": 2,
        '"beach': 3,
        "sea; sun": 2,
        "o'clock": 2,
    }
    assert list(notes(images, training_labels={*images} - {"Cat"})) == [
        "no training image has 'Cat'",
        "labels of one image only: 'ant'",
        "labels with a quote or a separator: '\"beach', 'sea; sun'",
        "labels differ in case, blanks, commas or Unicode form only: 'Cat', 'cat'",
        "labels differ in case, blanks, commas or Unicode form only: 'café', 'cafe\u0301'",
    ]


def test_many_are_counted():
    note = next(notes({f"l{n}": 2 for n in range(13)}, training_labels=["l0"]))
    assert note.endswith("'l10' and 2 more")


@pytest.mark.parametrize("rare", ["baots", "boat", "boatss", "boots", "Baots"])
def test_a_rare_label_near_a_frequent_one_may_be_a_misspelling(rare):
    images = {"boats": 20, "boatz": 3, rare: 2}
    assert (rare, "boats") in misspellings(images)
    assert list(notes(images, training_labels=images))[-1].startswith("labels that may be misspellings: ")


@pytest.mark.parametrize(
    ("images", "why"),
    [
        ({"boats": 9, "boots": 2}, "not rare enough"),
        ({"zone 1": 50, "zone 2": 2}, "other digits"),
        ({"Boats": 50, "boats": 2}, "equal by the rule of tags"),
        ({"cat": 50, "cow": 2}, "short"),
        ({"harbour": 50, "hrb": 2}, "far"),
        ({"boats": 50, "boots": 0}, "no image"),
    ],
)
def test_other_labels_are_none(images, why):
    assert misspellings(images) == [], why


def test_many_labels_take_no_quadratic_time():
    start = time.process_time()
    misspellings({f"label of {number:05d} things": 1 + number % 9 for number in range(10_000)})
    assert time.process_time() - start < 30
