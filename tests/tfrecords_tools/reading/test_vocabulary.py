from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrecords_tools.reading.vocabulary import read_vocabulary, tag_vocabulary, write_vocabulary
from tfrecords_tools.shell.errors import UserError


def test_frequent_tags_come_first_and_ties_are_alphabetic():
    counts = {"sea": 2, "zoo": 5, "art": 2, "été": 2}
    assert tag_vocabulary(counts) == [("zoo", 5), ("art", 2), ("sea", 2), ("été", 2)]


@given(st.dictionaries(st.text(st.characters(categories=["L", "N", "P"]), min_size=1), st.integers(1, 10**9)))
def test_a_file_gives_back_what_was_written(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("v") / "vocabulary.tsv"
    write_vocabulary(path, counts)
    assert dict(read_vocabulary(path)) == counts


@pytest.mark.parametrize("line", ["sea", "sea\tmany", "\t3", ""])
def test_a_broken_line_is_named(tmp_path: Path, line: str):
    path = tmp_path / "vocabulary.tsv"
    path.write_text(f"art\t4\n{line}\n")
    with pytest.raises(UserError, match=r"vocabulary\.tsv:2"):
        read_vocabulary(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"gone\.tsv"):
        read_vocabulary(tmp_path / "gone.tsv")


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "vocabulary.tsv"
    path.write_bytes(b"art\xff\t4\n")
    with pytest.raises(UserError, match=r"UTF-8 text. Received: .*vocabulary\.tsv"):
        read_vocabulary(path)
