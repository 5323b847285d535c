import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrecords_tools.shell.cells import escaped, escaped_list, unescaped, unescaped_list

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(["=", "+", "-", "@", "'", ";", " ", "\\", "x", "4", "1", "\r", "\n", "\t", "\0"]),
        st.integers(0xDC80, 0xDCFF).map(chr),
    )
)


@given(TEXTS)
def test_any_text_comes_back_from_one_line_of_utf_8_that_is_no_formula(text):
    cell = escaped(text)
    assert unescaped(cell) == text
    assert cell.encode() and not set(cell) & set("\r\n\t\0") if text else cell == ""
    assert not cell.startswith(tuple("=+-@"))
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([cell, "model"])
    assert list(csv.reader([file.getvalue()], strict=True)) == [[cell, "model"]]


@given(st.lists(TEXTS.filter(bool)))
def test_any_list_comes_back(entries):
    cell = escaped_list(entries)
    assert unescaped_list(cell) == entries
    assert cell.count(";") == max(0, len(entries) - 1)
    assert not cell.startswith(tuple("=+-@"))


@pytest.mark.parametrize(
    "text", ["a.jpg", "C:\\photos\\x-ray.jpg", "sea, sun", "'tis", "été \U0001f600", "a;b"]
)
def test_ordinary_texts_stay_as_they_are(text):
    assert escaped(text) == text == unescaped(text)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("'=1", "''=1"),
        ("a\rb\n", r"a\x0db\x0a"),
        ("\udcff.jpg", r"\xff.jpg"),
        (r"\xff.jpg", r"\x5cxff.jpg"),
    ],
)
def test_the_rules(text, cell):
    assert escaped(text) == cell


def test_a_semicolon_in_an_entry_is_not_the_one_between_entries():
    assert escaped_list(["sun; sea", "sky"]) == r"sun\x3b sea; sky"
