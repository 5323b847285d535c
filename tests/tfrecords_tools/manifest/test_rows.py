import json
from pathlib import Path

import pytest

from tfrecords_tools.manifest.rows import Row, Rows, read_rows
from tfrecords_tools.shell.errors import UserError


def read(path: Path, content: str | bytes, *, labels=None, separator: str = ";") -> Rows:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path, separator=separator, labels=labels)


SOUND = (
    Row("a.jpg", ("cat", "Dog"), ("on the mat", "été"), (), "train"),
    Row("sub/b.jpg", ("cat",), (), (), None),
    Row("c.jpg", (), (), (), "test"),
)
CSV = """\
path,labels,tags,split
a.jpg, cat ;Dog;;, on the mat;été ,train

sub/b.jpg,cat,,
./c.jpg,;," ",test
"""
JSON_LINES = """\
{"path": "a.jpg", "labels": [" cat", "Dog", ""], "tags": ["on the mat", "été"], "split": "train"}

{"labels": ["cat"], "path": "sub//b.jpg", "tags": null}
{"path": "./c.jpg", "labels": [], "split": "test"}
"""


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("m.csv", CSV), ("M.CSV", CSV.replace("\n", "\r\n")), ("m.jsonl", JSON_LINES), ("m.ndjson", JSON_LINES)],
)
def test_both_formats_give_the_same_rows(tmp_path, name, content, mark):
    assert read(tmp_path / name, mark + content) == Rows(SOUND, (), has_groups=False)


def test_columns_stand_in_any_order_and_only_path_and_labels_are_needed(tmp_path):
    assert read(tmp_path / "m.csv", " labels,path\ncat,a.jpg").valid == (
        Row("a.jpg", ("cat",), (), (), None),
    )


def test_groups_are_known_by_their_column_or_key(tmp_path):
    table = read(tmp_path / "m.csv", "path,labels,groups\na.jpg,cat,Cats | Paris|\n", separator="|")
    lines = read(tmp_path / "m.jsonl", '{"path":"a.jpg","labels":["cat"],"groups":["Cats","Paris"]}')
    assert table == lines == Rows((Row("a.jpg", ("cat",), (), ("Cats", "Paris"), None),), (), True)


def test_a_quoted_cell_may_hold_commas_and_a_row_is_named_by_its_first_line(tmp_path):
    content = 'path,labels,tags\n"a, b.jpg",cat,"x\ny;z"\nc.jpg,cat,x\nd.jpg,cat\n'
    rows = read(tmp_path / "m.csv", content)
    assert [row.path for row in rows.valid] == ["c.jpg"]
    assert [(defect.row, defect.problem.split(";")[0]) for defect in rows.defects] == [
        (2, "'x\\ny' of tags has a line break"),
        (5, "2 cells under 3 columns"),
    ]


CSV_ERRORS = {
    "empty path": (",cat,,", "path is empty"),
    "blank path": (" ,cat,,", "path is empty"),
    "the folder itself": (".,cat,,", "path is empty"),
    "absolute path": ("/etc/a.jpg,cat,,", "'/etc/a.jpg' leaves the raw folder"),
    "path that climbs": ("x/../../a.jpg,cat,,", "leaves the raw folder"),
    "backslash": ("x\\a.jpg,cat,,", "has a backslash"),
    "twice": ("good.jpg,dog,,", "'good.jpg' is in row 2 already"),
    "twice, written otherwise": (".//good.jpg,dog,,", "'good.jpg' is in row 2 already"),
    "unknown split": ("a.jpg,cat,,val", "split 'val' is none of train, validation, test"),
    "split in capitals": ("a.jpg,cat,,Train", "split 'Train' is none of"),
    "too few cells": ("a.jpg,cat,", "3 cells under 4 columns"),
    "too many cells": ("a.jpg,cat,,,", "5 cells under 4 columns"),
    "label off the list": ("a.jpg,cat;cow,,", "label 'cow' is not in the list of labels"),
}


@pytest.mark.parametrize("case", CSV_ERRORS)
def test_a_wrong_csv_row_is_a_defect_and_left_out(tmp_path, case):
    line, problem = CSV_ERRORS[case]
    content = f"path,labels,tags,split\ngood.jpg,cat,,\n{line}\nlast.jpg,dog,,\n"
    rows = read(tmp_path / "m.csv", content, labels={"cat", "dog"})
    assert [row.path for row in rows.valid] == ["good.jpg", "last.jpg"]
    assert [(defect.file, defect.row) for defect in rows.defects] == [("m.csv", 3)]
    assert problem in rows.defects[0].problem
    assert rows.defects[0].problem.endswith("; a repair leaves the row out")


JSON_ERRORS = {
    "broken": ('{"path": "a.jpg", ', "broken JSON (Expecting property name"),
    "no object": ('["a.jpg"]', "no JSON object but a list"),
    "no path": ('{"labels": []}', "path must be a string, not missing"),
    "no labels": ('{"path": "a.jpg"}', "labels must be a list of strings, not missing"),
    "path a number": ('{"path": 3, "labels": []}', "path must be a string, not 3"),
    "labels a string": ('{"path": "a.jpg", "labels": "cat"}', "labels must be a list of strings, not 'cat'"),
    "a label a number": ('{"path": "a.jpg", "labels": ["cat", 3]}', "each of labels must be a string, not 3"),
    "tags an object": ('{"path": "a.jpg", "labels": [], "tags": {}}', "tags must be a list of strings"),
    "split a list": ('{"path": "a.jpg", "labels": [], "split": []}', "split must be a string, not []"),
    "half a character": ('{"path": "a.jpg", "labels": ["\\ud800"]}', "text that UTF-8 can encode"),
    "line break": ('{"path": "a.jpg", "labels": ["a\\nb"]}', "'a\\nb' of labels has a line break"),
    "far too deep": ("[" * 100_000, "broken JSON ("),
    "far too long a number": ("9" * 5000, "broken JSON ("),
}


@pytest.mark.parametrize("case", JSON_ERRORS)
def test_a_wrong_json_line_is_a_defect_and_left_out(tmp_path, case):
    line, problem = JSON_ERRORS[case]
    rows = read(tmp_path / "m.jsonl", f'\n{line}\n{{"path": "good.jpg", "labels": ["cat"]}}\n')
    assert [row.path for row in rows.valid] == ["good.jpg"]
    assert [(defect.file, defect.row) for defect in rows.defects] == [("m.jsonl", 2)]
    assert problem in rows.defects[0].problem


BROKEN = {
    "empty": ("m.csv", b"", "m.csv:1: no header"),
    "header only": ("m.csv", b"path,labels\n\n", "m.csv: no row"),
    "no rows in JSON lines": ("m.jsonl", b"\n\n", "m.jsonl: no row"),
    "column missing": ("m.csv", b"path,tags\n", "columns path and labels.*m.csv:1: path, tags"),
    "column twice": ("m.csv", b"path,labels,path\n", "none twice"),
    "unknown column": ("m.csv", b"path,labels,tag\n", "path, labels, tags, split, groups.*m.csv:1: 'tag'"),
    "separated by semicolons": ("m.csv", b"path;labels\n", "'path;labels'"),
    "unknown key": ("m.jsonl", b'\n{"path": "a", "label": []}', "tags, split, groups.*m.jsonl:2: 'label'"),
    "unclosed quote": ("m.csv", b'path,labels\na.jpg,"cat\n', "well-formed CSV.*m.csv:2"),
    "no UTF-8": ("m.csv", b"path,labels\na.jpg,\xe9t\xe9\n", "UTF-8 text.*m.csv"),
    "no UTF-8 in JSON lines": ("m.jsonl", b'{"path": "\xe9"}', "UTF-8 text.*m.jsonl"),
    "another kind": ("m.tsv", b"path\tlabels\n", r"\.csv, \.jsonl, \.ndjson file.*m.tsv"),
    "nothing but errors": ("m.csv", b"path,labels\n,\n,\n", "m.csv:2: path is empty.*, and 1 more"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_broken_as_a_whole_is_named_with_the_cause_in_one_line(tmp_path: Path, case):
    name, content, cause = BROKEN[case]
    with pytest.raises(UserError, match=cause) as caught:
        read(tmp_path / name, content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"m\.csv, which does not"):
        read_rows(tmp_path / "m.csv", separator=";", labels=None)


def test_a_whole_json_document_is_no_json_lines(tmp_path: Path):
    document = json.dumps([{"path": "a.jpg", "labels": ["cat"]}], indent=1)
    with pytest.raises(UserError, match="must have a row that can be used"):
        read(tmp_path / "m.jsonl", document)
