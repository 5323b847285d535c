import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_tools.building.placeholders import SAMPLE, identical_groups


def identical_files(paths: list[Path], *, copies: int) -> dict[str, int]:
    """The number of identical files, by path."""
    return {name: len(group) for group in identical_groups(paths, copies=copies) for name in group}


@settings(max_examples=30, deadline=None)
@given(
    contents=st.lists(st.sampled_from([b"", b"a", b"b", b"ab", b"ba"]), max_size=12), copies=st.integers(2, 4)
)
def test_it_finds_what_comparing_all_contents_finds(tmp_path_factory, contents, copies):
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / str(place) for place in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    counts = Counter(contents)
    expected = {
        str(path): counts[content]
        for path, content in zip(paths, contents, strict=True)
        if counts[content] >= copies
    }
    assert identical_files(paths, copies=copies) == expected


@pytest.mark.parametrize("differs", [0, 5 * SAMPLE // 2, 5 * SAMPLE - 1])
def test_one_byte_anywhere_makes_a_file_another(tmp_path: Path, differs: int):
    content = hashlib.shake_128(b"made up").digest(5 * SAMPLE)
    spoilt = bytearray(content)
    spoilt[differs] ^= 1
    paths = [tmp_path / name for name in "abc"]
    for path, one in zip(paths, (content, content, bytes(spoilt)), strict=True):
        path.write_bytes(one)
    assert identical_files(paths, copies=2) == {str(paths[0]): 2, str(paths[1]): 2}


def test_missing_files_are_left_to_the_census(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a")
    assert identical_files([tmp_path / "a", tmp_path / "gone"], copies=2) == {}


def test_pipes_are_not_opened(tmp_path: Path):
    for name in "ab":
        os.mkfifo(tmp_path / name)
    assert identical_files([tmp_path / "a", tmp_path / "b"], copies=2) == {}
