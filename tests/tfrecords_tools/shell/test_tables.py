from pathlib import Path

import pytest

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tables import Columns, Table

COLUMNS = Columns(known=("path", "tags"), required=("path", "tags"))


def table(path: Path, content: str | bytes, columns: Columns = COLUMNS) -> Table:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Table(path, what="table", columns=columns)


def cells(*args) -> list[dict[str, str]]:
    return [dict(row.cells) for row in table(*args).rows()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_header_gives_the_delimiter_and_the_mark_the_encoding(tmp_path, delimiter, encoding):
    text = delimiter.join(["path", "tags\né.jpg", '"sea; sun, sky|night\tday"\n'])
    assert cells(tmp_path / "t.csv", text.encode(encoding)) == [
        {"path": "é.jpg", "tags": "sea; sun, sky|night\tday"}
    ]


def test_the_mark_gives_the_order_of_utf_16(tmp_path):
    text = "\ufeffpath,tags\né.jpg,sea\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        assert cells(tmp_path / "t.csv", text.encode(encoding)) == [{"path": "é.jpg", "tags": "sea"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_ends_of_lines_within_quotes_stay(tmp_path, encoding):
    text = 'path,tags\r\n"a\r\nb.jpg","sea\rsun"\r\n'
    assert cells(tmp_path / "t.csv", text.encode(encoding)) == [{"path": "a\r\nb.jpg", "tags": "sea\rsun"}]


def test_an_unusual_delimiter_is_noted(tmp_path):
    assert table(tmp_path / "t.csv", "path;tags\n").notes == ("t.csv: columns are separated by semicolons",)
    assert table(tmp_path / "t.csv", "path,tags\n").notes == ()
    (note,) = table(tmp_path / "\x1b.csv", "path;tags\n").notes
    assert note.startswith("\\x1b.csv: ")


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\r\n'])
def test_spreadsheets_may_name_the_delimiter(tmp_path, first):
    read = table(tmp_path / "t.csv", f"{first}path;tags\n\na.jpg;sea\n")
    assert [(row.number, dict(row.cells)) for row in read.rows()] == [(4, {"path": "a.jpg", "tags": "sea"})]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("path", ","), ("path,x|tags|path", "|"), ("path,x;tags;split", ",")],
    ids=["of equals the first", "most columns", "required columns first"],
)
def test_the_delimiter_gives_the_most_columns(tmp_path, header, delimiter):
    columns = Columns(known=("path", "tags", "split"), required=("path",))
    read = table(tmp_path / "t.csv", f"{header}\n{header}\n", columns)
    assert [row.cells["path"] for row in read.rows()] == ["path"]
    assert any("separated by" in note for note in read.notes) == (delimiter != ",")


def test_a_header_may_have_blanks_before_quotes(tmp_path):
    assert cells(tmp_path / "t.csv", 'path, "tags"\na.jpg,sea\n') == [{"path": "a.jpg", "tags": "sea"}]


def test_quotes_after_blanks_are_quotes(tmp_path):
    read = table(tmp_path / "t.csv", 'path, tags\na.jpg, "sea, ""sun"""\n b.jpg, x\n')
    assert [dict(row.cells) for row in read.rows()] == [
        {"path": "a.jpg", "tags": 'sea, "sun"'},
        {"path": "b.jpg", "tags": "x"},
    ]
    assert read.notes == ("t.csv: blanks before quotes are left out, so that the quotes are read as quotes",)


def test_without_such_quotes_blanks_stay(tmp_path):
    assert cells(tmp_path / "t.csv", "path,tags\n a.jpg, x\n") == [{"path": " a.jpg", "tags": " x"}]


def test_columns_are_known_by_synonyms_in_any_case_or_by_a_given_name(tmp_path):
    assert cells(tmp_path / "t.csv", "FileName,Tags\na,b\n") == [{"path": "a", "tags": "b"}]
    assert {COLUMNS.meaning(name) for name in ("image", "File", "filename", "file_name", " Path ")} == {
        "path"
    }
    renamed = Columns(("path", "tags"), ("path", "tags"), {"tags": "Keywords (de)"})
    read = table(tmp_path / "t.csv", "tags,Keywords (de) ,image\n1,2,3\n", renamed)
    assert [dict(row.cells) for row in read.rows()] == [{"tags": "2", "path": "3"}]
    assert read.notes == ("t.csv: columns that are not read: 'tags'",)
    with pytest.raises(UserError, match=r"columns path and Keywords \(de\), none twice"):
        table(tmp_path / "t.csv", "path,tags\n", renamed)
    with pytest.raises(UserError, match="columns path and Keywords, none twice"):
        table(tmp_path / "t.csv", "path\n", Columns(("path", "tags"), ("path",), {"tags": "Keywords"}))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("path,tags\na,b, c\n", "3 cells under 2 columns (put a cell that holds ',' in double quotes)"),
        ("path\ttags\na\tb\tc\n", "3 cells under 2 columns (put a cell that holds '\\t' in double quotes)"),
        ("path,tags\na\n", "1 cell under 2 columns"),
        ("path,tags,\na,b,c\n", "cell 'c' stands under a column without a name"),
    ],
)
def test_a_row_of_another_length_is_a_problem(tmp_path, content, problem):
    assert [(row.number, row.problem) for row in table(tmp_path / "t.csv", content).rows()] == [(2, problem)]


def test_empty_columns_of_spreadsheets_are_ignored(tmp_path):
    read = table(tmp_path / "t.csv", "path,tags,,\na,b,, \n,,,\n , ,,\n")
    assert [dict(row.cells) for row in read.rows()] == [{"path": "a", "tags": "b"}]
    assert read.notes == ()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "t.csv:1: no header"),
        ("path\n", "columns path and tags, none twice"),
        ("sep=,\npath\n", "none twice, in line 2.*t.csv:2: path"),
        ("path,image,tags\n", "none twice"),
        (b"path,tags\n\xff,a\n", "UTF-8 text, or UTF-16"),
        ("path,tags\n".encode("utf-16-le"), "without a byte-order mark"),
        ("path,tags\n".encode("utf-32"), "UTF-16 or UTF-32 without"),
        ('path,tags\na,"b\n', "well-formed CSV.*t.csv:2: unexpected end"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_cause(tmp_path, content, cause):
    with pytest.raises(UserError, match=cause):
        list(table(tmp_path / "t.csv", content).rows())
    with pytest.raises(UserError, match=r"table must exist. Received: .*gone"):
        Table(tmp_path / "gone", what="table", columns=COLUMNS)
