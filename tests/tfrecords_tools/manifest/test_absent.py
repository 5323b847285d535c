"""Labels that are known to be absent, and those of which nothing is known."""

import dataclasses
import json
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.manifest.label_merging import LabelMerging
from tfrecords_tools.manifest.rows import Rows, read_rows
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.pages.page import page
from tfrecords_tools.pages.samples import samples
from tfrecords_tools.reading.example import Example, fingerprint
from tfrecords_tools.reading.inspection import inspect, tables
from tfrecords_tools.reading.records import open_records, read
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.shell.errors import UserError

CSV = """\
path,labels,absent,split
a.jpg,dog,*,train
b.jpg,cat,dog;sky,train
c.jpg,cat,,train
d.jpg,,dog;cat,train
e.jpg,dog,sky,validation
f.jpg,dog,sky;cat,test
"""
"""Three labels: of a everything is known, of b too, of c only cat, of d not sky, of e not cat."""


def rows(path: Path, content: str, **options) -> Rows:
    path.write_text(content)
    return read_rows(path, **{"separator": ";", "labels": None, **options})


@pytest.fixture
def own(tmp_path: Path, make_jpeg) -> ManifestSettings:
    raw = tmp_path / "raw"
    raw.mkdir()
    for seed, name in enumerate("abcdef"):
        (raw / f"{name}.jpg").write_bytes(make_jpeg(seed))
    manifest = tmp_path / "own.csv"
    manifest.write_text(CSV)
    return ManifestSettings(manifest, raw)


def test_csv_and_json_lines_say_the_same(tmp_path):
    table = rows(tmp_path / "m.csv", 'path,labels,absent\na,x,*\nb,x,"y; z;"\nc,x,\n')
    lines = rows(
        tmp_path / "m.jsonl",
        '{"path": "a", "labels": ["x"], "absent": "*"}\n'
        '{"path": "b", "labels": ["x"], "absent": ["y", " z"]}\n'
        '{"path": "c", "labels": ["x"], "absent": []}\n',
    )
    assert [row.absent for row in table.valid] == [None, ("y", "z"), ()]
    assert table.valid == lines.valid and table.has_absent and lines.has_absent


def test_a_json_line_without_the_key_was_looked_at_fully(tmp_path):
    content = '{"path": "a", "labels": ["x"]}\n{"path": "b", "labels": ["x"], "absent": ["*"]}\n'
    read = rows(tmp_path / "m.jsonl", content)
    assert [row.absent for row in read.valid] == [None, None]


def test_without_the_column_nothing_is_said_of_absent_labels(tmp_path):
    assert not rows(tmp_path / "m.csv", "path,labels\na,x;*\n").has_absent


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ('["x"]', "label 'x' is both in labels and in absent"),
        ('["*", "y"]', "* of absent means all labels and must stand alone, not beside 1"),
        ("null", "absent must be a list of labels or '*', not null"),
        ('"y"', "absent must be a list of strings, not 'y'"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path, cell, problem):
    content = f'{{"path": "a", "labels": ["x"], "absent": {cell}}}\n{{"path": "b", "labels": ["x"]}}\n'
    (defect,) = rows(tmp_path / "m.jsonl", content).defects
    assert (defect.row, defect.problem) == (1, f"{problem}; a repair leaves the row out")


def test_labels_that_become_others_do_so_in_both_columns(tmp_path):
    content = "path,labels,absent\na,Cat,Hound\nb,dog,cat\nc,cat,\nd,cat,*\n"
    read = rows(tmp_path / "m.csv", content, merging=LabelMerging({"hound": "dog"}, fold_case=True))
    assert [(row.labels, row.absent) for row in read.valid] == [
        (("cat",), ("dog",)),
        (("dog",), ("cat",)),
        (("cat",), ()),
        (("cat",), None),
    ]
    merged = rows(
        tmp_path / "m.csv", "path,labels,absent\na,Cat,cat\nb,dog,\n", merging=LabelMerging({}, True)
    )
    assert "is both in labels and in absent" in merged.defects[0].problem


def test_an_absent_label_must_be_in_the_list(tmp_path):
    (defect,) = rows(tmp_path / "m.csv", "path,labels,absent\na,x,z\nb,x,\n", labels=("x", "y")).defects
    assert "label 'z' is not in the list of labels" in defect.problem


def test_separator_and_names_of_columns_hold_for_absent_labels_too(tmp_path):
    content = "path,labels,no\na,x|y,z|w\n"
    (row,) = rows(tmp_path / "m.csv", content, separator="auto", renamed={"absent": "no"}).valid
    assert (row.labels, row.absent) == (("x", "y"), ("z", "w"))


def test_a_label_named_like_all_of_them_is_refused(own):
    own.manifest.write_text(CSV.replace("a.jpg,dog", "a.jpg,*"))
    with pytest.raises(UserError, match=r"a label must not be named '\*' beside a column absent.*Rename"):
        manifest_source(own)


def test_a_label_that_is_only_absent_counts_and_is_noted(own):
    source = manifest_source(own)
    assert source.labels == ("cat", "dog", "sky")
    assert "no training image has 'sky'" in source.notes


def test_the_notes_say_how_much_is_known_and_what_is_left_out(own):
    notes = manifest_source(own).notes
    assert "nothing is known of 4 of 18 pairs of an image and a label" in notes
    assert any(note.startswith("1 image with absent labels and no given one") for note in notes)
    kept = dataclasses.replace(own, rules=Rules(keep_untagged=True, keep_unlabelled=True))
    assert not any("no given one" in note for note in manifest_source(kept).notes)


@pytest.mark.slow
def test_records_hold_what_is_not_known(own, tmp_path):
    kept = dataclasses.replace(own, rules=Rules(keep_untagged=True, keep_unlabelled=True))
    records = build_records(manifest_source(kept), out=tmp_path / "out")
    assert records.has_unknown and open_records(records.path).has_unknown
    train = {one["id"].decode(): one for one in read(records, "train", images=False).as_numpy_iterator()}
    unknown = {name: example["unknown"].tolist() for name, example in train.items()}
    assert unknown == {"a.jpg": [], "b.jpg": [], "c.jpg": [1, 2], "d.jpg": [2]}
    assert verify(records) == []
    counts = inspect(records)
    assert counts["splits"]["train"]["unknown"] == {"cat": 0, "dog": 1, "sky": 2}
    assert counts["splits"]["validation"]["unknown"] == {"cat": 1, "dog": 0, "sky": 0}
    assert "nothing is known" in str(tables(counts)[1].title)
    shown = page(counts, samples=samples(records, per_split=4), vocabulary=[], left_out={}, pictured=False)
    assert "Of 4 of 18 pairs of an image and a label nothing is known" in shown
    assert "nothing is known of 2 labels" in shown and "nothing is known of 1 label<" in shown


@pytest.mark.slow
def test_records_without_the_column_are_as_before(own, tmp_path):
    own.manifest.write_text("path,labels,split\na.jpg,dog,train\ne.jpg,dog,validation\nf.jpg,dog,test\n")
    records = build_records(manifest_source(own), out=tmp_path / "out")
    assert not records.has_unknown
    assert "unknown" not in json.loads((records.path / "records.json").read_text())
    assert "unknown" not in (records.path / "features.json").read_text()
    assert "unknown" not in inspect(records)["splits"]["train"]


def test_what_is_not_known_is_part_of_a_fingerprint():
    given = Example("7", b"", ("sea",), ())
    assert fingerprint(given.record(b"x")) != fingerprint(dataclasses.replace(given, unknown=()).record(b"x"))
    groups = dataclasses.replace(given, groups=("sky",))
    unknown = dataclasses.replace(given, unknown=("sky",))
    assert fingerprint(groups.record(b"x")) != fingerprint(unknown.record(b"x"))
