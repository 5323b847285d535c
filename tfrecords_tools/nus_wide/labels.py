"""The ground truth: one file a concept and half, one 0 or 1 an image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import Finding
from tfrecords_tools.nus_wide.layout import Half, content_of, image_list_file, label_file
from tfrecords_tools.shell.errors import UserError

REPAIRABLE = 100
"""A label file or tag matrix with more wrong values than so many is taken for another file (ours)."""


def read_labels(
    raw: Path, half: Half, concepts: Sequence[str], *, rows: int
) -> tuple[np.ndarray, list[Finding]]:
    """One half's labels, in the order of `concepts`; a value other than 0 and 1 is a finding, read as 0.

    Args:
        raw: the folder of the official layout.
        half: "Train" or "Test".
        concepts: the labels' names.
        rows: how many lines the half's image list has.

    Returns:
        labels `[rows, len(concepts)] uint8` of 0 and 1, and the findings.

    Raises:
        UserError: a file is missing, has another number of rows, or more wrong values than `REPAIRABLE`.
    """
    labels = np.empty((rows, len(concepts)), np.uint8)
    findings: list[Finding] = []
    for place, concept in enumerate(concepts):
        path = label_file(raw, concept, half)
        content = content_of(path)
        column = _plain(content, rows)
        if column is None:
            column, wrong = _mended(content)
            check_rows(path, image_list_file(raw, half), received=len(column), expected=rows)
            findings += wrong_values(path, path.relative_to(raw).as_posix(), wrong)
        labels[:, place] = column
    return labels, findings


def _plain(content: bytes, rows: int) -> np.ndarray | None:
    """The values where every line is one digit, 0 or 1; None where the file is not that plain."""
    if len(content) != 2 * rows - 1:
        return None
    pairs = np.frombuffer(content + b"\n", np.uint8).reshape(rows, 2)
    values = pairs[:, 0] - ord("0")
    return values if (values <= 1).all() and (pairs[:, 1] == ord("\n")).all() else None


def _mended(content: bytes) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """The values line by line, with the places (from 1) and texts of those that are neither 0 nor 1."""
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


def wrong_values(path: Path, name: str, wrong: Sequence[tuple[int, str]]) -> list[Finding]:
    """Findings of values that are neither 0 nor 1.

    Args:
        path: the file.
        name: its path below the raw folder.
        wrong: each value's row, counted from 1, and what stands there.

    Raises:
        UserError: there are more than `REPAIRABLE`.
    """
    if len(wrong) > REPAIRABLE:
        row, value = wrong[0]
        raise UserError(
            f"values must be 0 or 1. Received: {path} with at least {len(wrong)} others, the first at row "
            f"{row}: {value!r}. Unpack the official file again."
        )
    return [Finding(name, row, f"value {value!r} must be 0 or 1; a repair reads 0") for row, value in wrong]
