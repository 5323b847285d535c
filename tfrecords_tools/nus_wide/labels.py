"""Reads the ground truth: a file per concept and half, with a 0 or 1 per image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.nus_wide.layout import Half, image_list_file, label_file, read_content
from tfrecords_tools.shell.errors import UserError

REPAIRABLE = 100
"""A label file or tag matrix with more wrong values is rejected as a wrong file (ours)."""


def read_labels(
    raw: Path, half: Half, concepts: Sequence[str], *, rows: int
) -> tuple[np.ndarray, list[AnnotationDefect]]:
    """Reads the labels of one half; a value other than 0 and 1 is a defect and read as 0.

    Args:
        raw: the folder of the official layout.
        half: "Train" or "Test".
        concepts: the labels' names.
        rows: number of lines of the half's image list.

    Returns:
        labels `[rows, len(concepts)] uint8` of 0 and 1 in the order of `concepts`, and the defects.

    Raises:
        UserError: a file is missing, has another number of rows, or more wrong values than `REPAIRABLE`.
    """
    labels = np.empty((rows, len(concepts)), np.uint8)
    defects: list[AnnotationDefect] = []
    for label, concept in enumerate(concepts):
        path = label_file(raw, concept, half)
        content = read_content(path)
        column = _parse_digits(content, rows)
        if column is None:
            column, wrong = _parse_lines(content)
            check_rows(path, image_list_file(raw, half), received=len(column), expected=rows)
            defects += wrong_values(path, path.relative_to(raw).as_posix(), wrong)
        labels[:, label] = column
    return labels, defects


def _parse_digits(content: bytes, rows: int) -> np.ndarray | None:
    """The values if every line is a single 0 or 1; else None. The fast path."""
    if len(content) != 2 * rows - 1:
        return None
    pairs = np.frombuffer(content + b"\n", np.uint8).reshape(rows, 2)
    values = pairs[:, 0] - ord("0")
    return values if (values <= 1).all() and (pairs[:, 1] == ord("\n")).all() else None


def _parse_lines(content: bytes) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """The values line by line, with the rows (from 1) and texts of those that are neither 0 nor 1."""
    values = [line.strip() for line in content.split(b"\n")] if content else []
    column = np.array([value == b"1" for value in values], np.uint8)
    wrong = [(row, value) for row, value in enumerate(values, start=1) if value not in (b"0", b"1")]
    return column, [(row, value.decode("ascii", "backslashreplace")) for row, value in wrong]


def check_rows(path: Path, image_list: Path, *, received: int, expected: int) -> None:
    """Checks that a file has a row for every line of its half's image list.

    Raises:
        UserError: it has more or fewer.
    """
    if received != expected:
        raise UserError(
            f"every line of the image list must have a row. Received: {received} in {path}, {expected} in "
            f"{image_list}. Unpack both again."
        )


def wrong_values(path: Path, name: str, wrong: Sequence[tuple[int, str]]) -> list[AnnotationDefect]:
    """The defects of values that are neither 0 nor 1.

    Args:
        path: the file.
        name: its path below the raw folder.
        wrong: the row of each value, counted from 1, and its text.

    Raises:
        UserError: there are more than `REPAIRABLE`.
    """
    if len(wrong) > REPAIRABLE:
        row, value = wrong[0]
        raise UserError(
            f"values must be 0 or 1. Received: {path} with at least {len(wrong)} others, the first at row "
            f"{row}: {value!r}. Unpack the official file again."
        )
    problem = "value {!r} must be 0 or 1; a repair reads 0"
    return [AnnotationDefect(name, row, problem.format(value)) for row, value in wrong]
