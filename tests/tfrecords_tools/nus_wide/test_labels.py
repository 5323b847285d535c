from pathlib import Path

import pytest

from tfrecords_tools.nus_wide.labels import REPAIRABLE, read_labels
from tfrecords_tools.nus_wide.layout import label_file
from tfrecords_tools.shell.errors import UserError


def write(raw: Path, concept: str, text: bytes) -> None:
    path = label_file(raw, concept, "Train")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def test_columns_stand_in_the_order_asked_not_in_that_of_a_directory(tmp_path: Path):
    write(tmp_path, "water", b"1\n1\n0\n")
    write(tmp_path, "waterfall", b"0\n0\n1\n")
    labels, defects = read_labels(tmp_path, "Train", ["waterfall", "water"], rows=3)
    assert labels.tolist() == [[0, 1], [0, 1], [1, 0]]
    assert not defects


@pytest.mark.parametrize("text", [b"1\r\n0\r\n1\r\n", b"1\n0\n1", b"1\n0\n1\n\n\n", b" 1\n0 \n1\n"])
def test_line_ends_blanks_and_blank_last_lines_do_not_matter(tmp_path: Path, text: bytes):
    write(tmp_path, "sun", text)
    labels, defects = read_labels(tmp_path, "Train", ["sun"], rows=3)
    assert labels[:, 0].tolist() == [1, 0, 1]
    assert not defects


def test_the_bad_lake_value_is_a_defect_and_reads_as_0(tmp_path: Path):
    write(tmp_path, "lake", b"1\n-1130179\n1\n")
    labels, (defect,) = read_labels(tmp_path, "Train", ["lake"], rows=3)
    assert labels[:, 0].tolist() == [1, 0, 1]
    assert (defect.file, defect.row) == ("Groundtruth/TrainTestLabels/Labels_lake_Train.txt", 2)
    assert "'-1130179'" in defect.problem


@pytest.mark.parametrize("value", [b"2", b"", b"x", b"01", b"-", b"\xff"])
def test_any_value_but_0_and_1_is_a_defect_even_of_one_character(tmp_path: Path, value: bytes):
    write(tmp_path, "lake", b"1\n" + value + b"\n1\n")
    labels, defects = read_labels(tmp_path, "Train", ["lake"], rows=3)
    assert labels[:, 0].tolist() == [1, 0, 1]
    assert [defect.row for defect in defects] == [2]


@pytest.mark.parametrize(
    ("text", "received"), [(b"1\n0\n", 2), (b"1\n0\n1\n0\n", 4), (b"", 0), (b"1\n00\n", 2), (b"1 0 1\n", 1)]
)
def test_another_number_of_rows_than_the_list_is_named_with_both_files(
    tmp_path: Path, text: bytes, received: int
):
    write(tmp_path, "sun", text)
    with pytest.raises(UserError) as caught:
        read_labels(tmp_path, "Train", ["sun"], rows=3)
    assert f"{received} in {label_file(tmp_path, 'sun', 'Train')}, 3 in" in str(caught.value)
    assert "TrainImagelist.txt" in str(caught.value)


def test_a_file_of_other_values_throughout_is_no_label_file(tmp_path: Path):
    write(tmp_path, "sun", b"1\n" + b"2\n" * (REPAIRABLE + 1))
    with pytest.raises(UserError, match=rf"at least {REPAIRABLE + 1} others, the first at row 2: '2'"):
        read_labels(tmp_path, "Train", ["sun"], rows=REPAIRABLE + 2)
    write(tmp_path, "sun", b"1\n" + b"2\n" * REPAIRABLE)
    assert len(read_labels(tmp_path, "Train", ["sun"], rows=REPAIRABLE + 1)[1]) == REPAIRABLE


def test_a_missing_label_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"Labels_sun_Train\.txt, which does not exist"):
        read_labels(tmp_path, "Train", ["sun"], rows=3)
