import json
from pathlib import Path

import pytest

from tfrecords_tools.manifest.label_merging import LabelMerging, read_synonyms
from tfrecords_tools.manifest.lines import renamed_columns
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
    "absolute path": ("/etc/a.jpg,cat,,", "'/etc/a.jpg' leaves the folder"),
    "path that climbs": ("x/../../a.jpg,cat,,", "leaves the folder"),
    "path that climbs by backslashes": ("x\\..\\..\\a.jpg,cat,,", "leaves the folder"),
    "drive": ("C:\\a.jpg,cat,,", "leaves the folder"),
    "address": ("https://example.org/a.jpg,cat,,", "is a URL"),
    "control character": ("a.jpg,c\x07at,,", "has a control character"),
    "twice": ("good.jpg,dog,,", "'good.jpg' is in row 2 already"),
    "twice, written otherwise": (".//good.jpg,dog,,", "'good.jpg' is in row 2 already"),
    "twice, with a backslash": (".\\good.jpg,dog,,", "'good.jpg' is in row 2 already"),
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
    "a key twice": (
        '{"path": "a.jpg", "labels": ["a"], "labels": ["b"]}',
        "broken JSON (the key 'labels' twice)",
    ),
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
    "separated by blanks": ("m.csv", b"path labels\n", "'path labels'"),
    "unknown key": ("m.jsonl", b'\n{"path": "a", "label": []}', "tags, split, groups.*m.jsonl:2: 'label'"),
    "unclosed quote": ("m.csv", b'path,labels\na.jpg,"cat\n', "well-formed CSV.*m.csv:2"),
    "no UTF-8": ("m.csv", b"path,labels\na.jpg,\xe9t\xe9\n", "UTF-8 text.*m.csv"),
    "no UTF-8 in JSON lines": ("m.jsonl", b'{"path": "\xe9"}', "UTF-8 text.*m.jsonl"),
    "UTF-16 without a mark": ("m.csv", "path,labels\n".encode("utf-16-be"), "UTF-16 or UTF-32 without"),
    "another kind": ("m.xlsx", b"path\tlabels\n", r"\.csv, \.tsv, \.jsonl, \.ndjson file.*m.xlsx"),
    "nothing but errors": ("m.csv", b"path,labels\n,cat\n,dog\n", "m.csv:2: path is empty.*, and 1 more"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_broken_as_a_whole_is_named_with_the_cause_in_one_line(tmp_path: Path, case):
    name, content, cause = BROKEN[case]
    with pytest.raises(UserError, match=cause) as caught:
        read(tmp_path / name, content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"manifest must exist.*m\.csv"):
        read_rows(tmp_path / "m.csv", separator=";", labels=None)


def test_a_whole_json_document_is_no_json_lines(tmp_path: Path):
    document = json.dumps([{"path": "a.jpg", "labels": ["cat"]}], indent=1)
    with pytest.raises(UserError, match="must have a row that can be used"):
        read(tmp_path / "m.jsonl", document)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_header_gives_the_delimiter(tmp_path, delimiter):
    content = delimiter.join(["path", "labels", "split\na.jpg", '" cat ;Dog"', "train\n"])
    rows = read(tmp_path / "m.csv", content)
    assert rows.valid == (Row("a.jpg", ("cat", "Dog"), (), (), "train"),)
    assert [note.split(": ")[1].split(" by ")[0] for note in rows.notes] == ["columns are separated"]
    assert read(tmp_path / "m.tsv", content).valid == rows.valid


def test_quotes_after_blanks_are_quotes(tmp_path):
    content = 'path, labels, tags, split\np.jpg, "beach;city", "sea;sun", train\n'
    assert read(tmp_path / "m.csv", content).valid == (
        Row("p.jpg", ("beach", "city"), ("sea", "sun"), (), "train"),
    )


SEPARATED = "path,labels,tags\na.jpg,cat{0}dog,x\nb.jpg,cow,\n"


@pytest.mark.parametrize("separator", [";", "; ", "|"])
def test_auto_finds_the_separator_of_each_column(tmp_path, separator):
    rows = read(tmp_path / "m.csv", SEPARATED.format(separator), separator="auto")
    assert rows.valid[0].labels == ("cat", "dog")
    assert rows.notes == (f"m.csv: entries of labels are separated by {separator.strip()!r}",)


def test_auto_finds_commas_where_nothing_else_separates(tmp_path):
    content = 'path,labels,tags\na.jpg,"cat, dog",sea|sun\nb.jpg,cow,"a, b"\n'
    rows = read(tmp_path / "m.csv", content, separator="auto")
    assert [row.labels for row in rows.valid] == [("cat", "dog"), ("cow",)]
    assert [row.tags for row in rows.valid] == [("sea", "sun"), ("a, b",)]
    assert rows.notes[-1].startswith(
        "m.csv: 1 of 2 cells of tags hold ',' but no '|', and each is read as one"
    )


def test_the_default_separator_stays_and_cells_with_another_are_said(tmp_path):
    rows = read(tmp_path / "m.csv", 'path,labels\na.jpg,"San Francisco, CA;sea"\nb.jpg,"cat, dog"\n')
    assert [row.labels for row in rows.valid] == [("San Francisco, CA", "sea"), ("cat, dog",)]
    assert rows.notes == (
        "m.csv: 1 of 2 cells of labels hold ',' but no ';', and each is read as one entry; if they hold "
        "several, pass --separator auto",
    )


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
def test_columns_and_keys_may_have_other_names(tmp_path, name):
    table = "Filename,labels,Keywords,Date\na.jpg,cat,sea,2020\n"
    lines = '{"Filename": "a.jpg", "labels": ["cat"], "Keywords": ["sea"], "Date": 2020}\n'
    (tmp_path / name).write_text(table if name == "m.csv" else lines)
    rows = read_rows(tmp_path / name, separator=";", labels=None, renamed={"tags": "Keywords"})
    assert rows.valid == (Row("a.jpg", ("cat",), ("sea",), (), None),)
    with pytest.raises(UserError, match=r"'Keywords'.*--column"):
        read_rows(tmp_path / name, separator=";", labels=None)


def test_two_keys_of_one_meaning_are_a_defect(tmp_path):
    content = '{"path": "a.jpg", "image": "b.jpg", "labels": []}\n{"path": "c.jpg", "labels": ["cat"]}\n'
    assert [defect.row for defect in read(tmp_path / "m.jsonl", content).defects] == [1]


@pytest.mark.parametrize("option", ["path", "path=", "=x", "tag=x", "path=a,path=b"])
def test_renaming_options_are_checked(option):
    with pytest.raises(UserError, match=r"--column must be COLUMN=NAME.*Received: "):
        renamed_columns(option.split(","))


class TestFiles:
    """With the raw folder, rows match files by the rule of paths."""

    @pytest.fixture
    def raw(self, tmp_path: Path) -> Path:
        raw = tmp_path / "raw"
        (raw / "zoo").mkdir(parents=True)
        for name in ("zoo/e\u0301.jpg", "a.jpg"):
            (raw / name).touch()
        return raw

    def rows(self, raw: Path, *paths: str) -> Rows:
        manifest = raw.parent / "m.csv"
        manifest.write_text("path,labels\n" + "".join(f"{path},cat\n" for path in paths))
        return read_rows(manifest, separator=";", labels=None, raw=raw)

    @pytest.mark.parametrize("written", ["zoo/é.jpg", "zoo\\é.jpg", "./zoo/e\u0301.jpg", "{raw}/zoo/é.jpg"])
    def test_a_row_finds_its_file_and_keeps_its_own_spelling_as_id(self, raw, written):
        row = self.rows(raw, written.format(raw=raw)).valid[0]
        assert row.file == "zoo/e\u0301.jpg"
        assert row.path == ("zoo/e\u0301.jpg" if "\u0301" in written else "zoo/é.jpg")
        assert row.line == 2

    def test_two_spellings_of_one_file_are_named(self, raw):
        rows = self.rows(raw, "zoo/é.jpg", "a.jpg", "zoo/e\u0301.jpg")
        assert [row.path for row in rows.valid] == ["zoo/é.jpg", "a.jpg"]
        assert "is in row 2 already" in rows.defects[0].problem

    def test_a_missing_file_stays_as_written(self, raw):
        assert self.rows(raw, "zoo/gone.jpg").valid[0].file == "zoo/gone.jpg"


class TestMerging:
    CONTENT = "path,labels\na,Cat;cat\nb,cat;dog\nc,CAT;Hound\nd,cat\n"

    def labels(self, path: Path, merging: LabelMerging, listed=None) -> list[tuple[str, ...]]:
        path.write_text(self.CONTENT)
        rows = read_rows(path, separator=";", labels=listed, merging=merging)
        assert not rows.defects
        return [row.labels for row in rows.valid]

    def test_case_becomes_that_of_most_images_or_of_the_list(self, tmp_path):
        folded = LabelMerging(fold_case=True)
        assert self.labels(tmp_path / "m.csv", folded) == [
            ("cat", "cat"),
            ("cat", "dog"),
            ("cat", "Hound"),
            ("cat",),
        ]
        listed = ["CAT", "Dog", "hound"]
        assert self.labels(tmp_path / "m.csv", folded, listed)[2] == ("CAT", "hound")

    def test_synonyms_are_replaced_before_the_list_is_asked(self, tmp_path):
        merging = LabelMerging({"Hound": "dog", "Cat": "cat", "CAT": "cat", "cow": "cattle"})
        assert self.labels(tmp_path / "m.csv", merging, ["cat", "dog"])[2] == ("cat", "dog")
        assert merging.unused({"Hound": 1, "Cat": 1, "CAT": 1}) == ["cow"]
        folded = LabelMerging({"HOUND": "Dog"}, fold_case=True)
        assert self.labels(tmp_path / "m.csv", folded)[2] == ("cat", "dog")

    @pytest.mark.parametrize(
        ("content", "cause"),
        [
            ("from,to\na,\n", "s.csv:2: an empty cell"),
            ("from,to\na,b\na,c\n", "s.csv:3: 'a' becomes 'c' here and 'b' above"),
            ("from,to\na,b\nb,c\n", "'a' becomes 'b', which becomes 'c'"),
            ("from,to\na,b,c\n", "s.csv:2: 3 cells"),
            ("old,new\na,b\n", "columns from and to"),
        ],
    )
    def test_a_wrong_file_of_synonyms_is_named(self, tmp_path, content, cause):
        (tmp_path / "s.csv").write_text(content)
        with pytest.raises(UserError, match=cause):
            read_synonyms(tmp_path / "s.csv")
