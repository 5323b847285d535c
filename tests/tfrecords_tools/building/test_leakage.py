import shutil
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.checking import check
from tfrecords_tools.building.drop_reasons import DropReason
from tfrecords_tools.building.leakage import find_copies
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.records import MARKER
from tfrecords_tools.shell.files import read_json


def source(folder: Path, make_jpeg, *, leakage="keep-all", copies=5, images=Path) -> RecordSource:
    """Three splits of three images each; number 0 is the same everywhere, number 1 in train and test."""
    splits = {}
    for split, own in {"train": 10, "validation": 20, "test": 30}.items():
        examples = []
        for number in range(3):
            same = number == 0 or (number == 1 and split != "validation")
            path = folder / f"{split}{number}.jpg"
            path.write_bytes(make_jpeg(number if same else own + number))
            image = path if images is Path else path.read_bytes()
            examples.append(Example(path.stem, image, ("sea",), (f"of {split}",)))
        splits[split] = Split(3, lambda examples=examples: iter(examples))
    rules = Rules(leakage=leakage, placeholder_copies=copies, bad_share=1.0)
    return RecordSource("made", "up", ("sea",), {"leakage": leakage}, splits, rules)


LEAKS = [
    {"train": ("train0",), "validation": ("validation0",), "test": ("test0",)},
    {"train": ("train1",), "test": ("test1",)},
]


def test_photographs_of_several_splits_are_found(tmp_path, make_jpeg):
    copies = find_copies(source(tmp_path, make_jpeg))
    assert sorted(map(str, copies.leaks)) == [
        "train0 (train), validation0 (validation), test0 (test)",
        "train1 (train), test1 (test)",
    ]
    assert (copies.placeholders, copies.dropped) == ({}, frozenset())


@pytest.mark.parametrize(
    ("leakage", "dropped"),
    [("keep-train", {"validation0", "test0", "test1"}), ("keep-test", {"train0", "validation0", "train1"})],
)
def test_one_side_is_dropped_alike_by_check_and_build(tmp_path, make_jpeg, leakage, dropped):
    made = source(tmp_path, make_jpeg, leakage=leakage)
    assert find_copies(made).dropped == dropped
    report = check(made)
    assert report.dropped == {DropReason.LEAKAGE: 3}
    records = build_records(made, out=tmp_path / "out")
    assert dict(records.splits) == {name: counts.kept for name, counts in report.splits.items()}
    assert len(records.vocabulary) == len(report.tags) == 1
    marker = read_json(records.path / MARKER, "marker")
    assert marker["leakage"] == []
    assert marker["passed_over"]["images"] == {"leakage": 3}


def test_all_are_kept_by_default_and_named_in_the_marker(tmp_path, make_jpeg):
    records = build_records(source(tmp_path, make_jpeg), out=tmp_path / "out")
    assert sum(records.splits.values()) == 9
    marker = read_json(records.path / MARKER, "marker")
    found = sorted(marker["leakage"], key=len, reverse=True)
    assert found == [{split: list(ids) for split, ids in leak.items()} for leak in LEAKS]


def test_placeholders_are_no_leakage(tmp_path, make_jpeg):
    copies = find_copies(source(tmp_path, make_jpeg, copies=3))
    assert len(copies.placeholders) == 3
    assert [leak.ids for leak in copies.leaks] == LEAKS[1:]


def test_unreadable_copies_are_no_leakage_of_a_build(tmp_path, make_jpeg):
    made = source(tmp_path, make_jpeg)
    for name in ("train1.jpg", "test1.jpg"):
        (tmp_path / name).write_bytes(b"no image")
    records = build_records(made, out=tmp_path / "out")
    assert [len(leak) for leak in read_json(records.path / MARKER, "marker")["leakage"]] == [3]


def test_check_compares_images_that_are_no_files(tmp_path, make_jpeg):
    made = source(tmp_path, make_jpeg, images=bytes)
    assert find_copies(made).leaks == ()
    assert sorted((dict(leak.ids) for leak in check(made).leaks), key=len, reverse=True) == LEAKS


def test_one_file_of_two_examples_leaks(tmp_path, make_jpeg):
    made = source(tmp_path, make_jpeg)
    (train,) = (example for example in made.splits["train"].examples() if example.id == "train2")
    again = Example("again", train.image, ("sea",), ("blue",))
    splits = {**made.splits, "test": Split(1, lambda: iter([again]))}
    shutil.copy(tmp_path / "train2.jpg", tmp_path / "copy.jpg")
    leaks = find_copies(RecordSource("made", "up", ("sea",), {}, splits, made.rules)).leaks
    assert {"train": ("train2",), "test": ("again",)} in [leak.ids for leak in leaks]
