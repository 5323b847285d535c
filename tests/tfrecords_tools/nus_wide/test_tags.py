from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrecords_tools.nus_wide.labels import REPAIRABLE
from tfrecords_tools.nus_wide.layout import tag_matrix_file
from tfrecords_tools.nus_wide.tags import BLOCK, read_tags, unpacked
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def write(tmp_path: Path):
    path = tag_matrix_file(tmp_path, "Test")
    path.parent.mkdir(parents=True)
    return path.write_bytes


def read(raw: Path, *, tags: int, rows: int) -> tuple[list, list]:
    bits, defects = read_tags(raw, "Test", tags=tags, rows=rows)
    assert bits.shape == (rows, (tags + 7) // 8)
    return unpacked(bits, tags).tolist(), defects


@pytest.mark.parametrize(
    "text",
    [
        b"0\t1\t1\t\n1\t0\t0\t\n",
        b"0\t1\t1\t\r\n1\t0\t0\t\r\n",
        b"0\t1\t1\n1\t0\t0",
        b"0\t1\t1\t\n1\t0\t0\t\n\n\r\n",
        b"0\t1\t1\t\n1\t0\t0\n\t\n",
    ],
)
def test_trailing_tabs_line_ends_and_blank_last_lines_do_not_matter(tmp_path: Path, write, text: bytes):
    write(text)
    assert read(tmp_path, tags=3, rows=2) == ([[0, 1, 1], [1, 0, 0]], [])


def test_values_but_0_and_1_are_defects_and_read_as_0(tmp_path: Path, write):
    write(b"0\t1\t1\t\n1\t7\t1\t\n-3\t1\t\t\n")
    values, defects = read(tmp_path, tags=3, rows=3)
    assert values == [[0, 1, 1], [1, 0, 1], [0, 1, 0]]
    assert [(defect.row, defect.problem.split()[1]) for defect in defects] == [
        (2, "'7'"),
        (3, "'-3'"),
        (3, "''"),
    ]
    assert defects[0].file == "NUS_WID_Tags/Test_Tags1k.dat"


@pytest.mark.parametrize(
    ("row", "width"), [(b"0\t1\t", 2), (b"0\t1\t1\t0\t", 4), (b"0 1 1", 1), (b"", 0), (b"0,1,1", 1)]
)
def test_a_row_of_another_width_is_named(tmp_path: Path, write, row: bytes, width: int):
    write(b"0\t1\t1\t\n" + row + b"\n0\t0\t0\t\n")
    with pytest.raises(UserError, match=rf"each of 3 tags. Received: .*Test_Tags1k\.dat:2 with {width}\."):
        read(tmp_path, tags=3, rows=3)


@pytest.mark.parametrize("rows", [0, 1, 2, 4])
def test_another_number_of_rows_than_the_list_is_named(tmp_path: Path, write, rows: int):
    write(b"0\t1\t\n" * 3)
    with pytest.raises(UserError, match=rf"3 in .*Test_Tags1k\.dat, {rows} in .*TestImagelist\.txt"):
        read_tags(tmp_path, "Test", tags=2, rows=rows)


def test_a_file_of_other_values_throughout_is_no_tag_matrix(tmp_path: Path, write):
    write(b"5\t5\t\n" * REPAIRABLE)
    with pytest.raises(UserError, match="the first at row 1: '5'"):
        read(tmp_path, tags=2, rows=REPAIRABLE)


def test_a_missing_matrix_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"Train_Tags1k\.dat, which does not exist"):
        read_tags(tmp_path, "Train", tags=2, rows=1)


def test_several_blocks_with_an_irregular_row_in_one(tmp_path: Path, write):
    expected = np.random.default_rng(0).integers(0, 2, (2 * BLOCK + 7, 11))
    lines = [b"".join(b"%d\t" % value for value in row) for row in expected]
    lines[BLOCK + 3] = lines[BLOCK + 3].replace(b"1\t", b"9\t", 1)
    expected[BLOCK + 3, expected[BLOCK + 3].argmax()] = 0
    write(b"\n".join(lines) + b"\n")
    values, defects = read(tmp_path, tags=11, rows=len(expected))
    assert values == expected.tolist()
    assert [defect.row for defect in defects] == [BLOCK + 4]


@given(
    st.integers(1, 20).flatmap(
        lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width))
    )
)
def test_any_matrix_reads_back(tmp_path_factory, matrix: list[list[bool]]):
    raw = tmp_path_factory.mktemp("raw")
    path = tag_matrix_file(raw, "Train")
    path.parent.mkdir()
    path.write_text("".join("".join(f"{int(value)}\t" for value in row) + "\n" for row in matrix))
    tags = len(matrix[0]) if matrix else 3
    bits, defects = read_tags(raw, "Train", tags=tags, rows=len(matrix))
    assert unpacked(bits, tags).astype(bool).tolist() == matrix
    assert not defects
