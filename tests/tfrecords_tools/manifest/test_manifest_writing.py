import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrecords_tools.manifest.manifest_writing import write_rows
from tfrecords_tools.manifest.rows import Row, read_rows

WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=";"), min_size=1)
    .map(str.strip)
    .filter(bool),
    max_size=3,
).map(tuple)
ROWS = [
    Row('a, "b".jpg', ("dog", "=1+1"), ("x, y",), (), "train"),
    Row("=c.jpg", ("=cmd",), ("@home", "-"), (), None),
    Row("größe\n.jpg", (), (), (), "test"),
]


@pytest.mark.parametrize("name", ["m.csv", "m.tsv", "m.jsonl"])
def test_rows_are_read_as_they_were_written(tmp_path, name):
    write_rows(tmp_path / name, ROWS, ";")
    assert [*read_rows(tmp_path / name, separator=";", labels=None).valid] == ROWS


@given(labels=WORDS, tags=WORDS)
def test_words_of_any_script_are_read_as_they_were_written(tmp_path_factory, labels, tags):
    path = tmp_path_factory.mktemp("any") / "m.csv"
    row = Row("a.jpg", labels, tags, (), None)
    write_rows(path, [row], ";")
    assert read_rows(path, separator=";", labels=None).valid == (row,)


def test_no_cell_is_a_formula_and_spreadsheets_know_the_encoding(tmp_path):
    write_rows(tmp_path / "m.csv", ROWS, ";")
    assert (tmp_path / "m.csv").read_bytes().startswith(b"\xef\xbb\xbfpath,labels,tags,split\n")
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")] == []


def test_plain_rows_are_plain_ascii(tmp_path):
    write_rows(tmp_path / "m.csv", [Row("a.jpg", ("dog", "cat"), ("x",), (), None)], ";")
    assert (tmp_path / "m.csv").read_bytes() == b"path,labels,tags,split\na.jpg,dog;cat,x,\n"
