"""Reads the user tags of each half, a matrix of 0 and 1, as packed bits."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.nus_wide.labels import check_rows, wrong_values
from tfrecords_tools.nus_wide.layout import Half, image_list_file, tag_matrix_file
from tfrecords_tools.shell.errors import UserError

BLOCK = 1024
"""Rows parsed at a time."""

_ZERO = int.from_bytes(b"0\t", "little")
"""The characters 0 and tab as a little-endian number; a 1 and tab give one more."""


def read_tags(raw: Path, half: Half, *, tags: int, rows: int) -> tuple[np.ndarray, list[AnnotationDefect]]:
    """Reads the tag matrix of one half; a value other than 0 and 1 is a defect and read as 0.

    Args:
        raw: the folder of the official layout.
        half: "Train" or "Test".
        tags: number of values in a row.
        rows: number of lines of the half's image list.

    Returns:
        bits `[rows, ceil(tags / 8)] uint8`, as `np.packbits` packs each row, and the defects.

    Raises:
        UserError: the file is missing, or has another number of rows or of values in a row,
            or more wrong values than `REPAIRABLE`.
    """
    path = tag_matrix_file(raw, half)
    bits = np.zeros((rows, -(-tags // 8)), np.uint8)
    wrong: list[tuple[int, str]] = []
    defects: list[AnnotationDefect] = []
    end = 0
    for block in _blocks(path):
        values = _parse_digits(block, tags)
        if values is None:
            values = _parse_rows(path, block, tags=tags, start=end, wrong=wrong)
            defects = wrong_values(path, path.relative_to(raw).as_posix(), wrong)
        kept = values[: max(rows - end, 0)]
        bits[end : end + len(kept)] = np.packbits(kept, axis=1)
        end += len(block)
    check_rows(path, image_list_file(raw, half), received=end, expected=rows)
    return bits, defects


def unpacked(bits: np.ndarray, tags: int) -> np.ndarray:
    """Unpacks `[…, ceil(tags / 8)]` bits to `[…, tags]` of 0 and 1."""
    return np.unpackbits(bits, axis=-1, count=tags)


def _blocks(path: Path) -> Iterator[list[bytes]]:
    """The lines in blocks of `BLOCK`, without line ends, a tab at the end, and blank lines at the end."""
    block: list[bytes] = []
    for row in _rows(path):
        block.append(row)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def _rows(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        raise UserError(
            f"raw files must be complete. Received: {path}, which does not exist. Unpack it there."
        )
    blank = 0
    with path.open("rb") as file:
        for line in file:
            row = line.rstrip(b"\r\n").removesuffix(b"\t")
            if not row.strip():
                blank += 1
                continue
            yield from [b""] * blank
            blank = 0
            yield row


def _parse_digits(block: list[bytes], tags: int) -> np.ndarray | None:
    """`[len(block), tags]` if every row is 0 and 1 separated by tabs; else None. The fast path."""
    if any(len(row) != 2 * tags - 1 for row in block):
        return None
    pairs = np.frombuffer(b"\t".join(block) + b"\t", "<u2").reshape(len(block), tags)
    values = pairs - _ZERO
    return values if (values <= 1).all() else None


def _parse_rows(
    path: Path, block: list[bytes], *, tags: int, start: int, wrong: list[tuple[int, str]]
) -> np.ndarray:
    values = np.zeros((len(block), tags), np.uint8)
    for index, row in enumerate(block):
        words = row.split(b"\t")
        number = start + index + 1
        if len(words) != tags:
            raise UserError(
                f"a row must have a value for each of {tags} tags. Received: {path}:{number} with "
                f"{len(words) if row else 0}. Unpack the official file again."
            )
        values[index] = [word == b"1" for word in words]
        texts = (word.decode("ascii", "backslashreplace") for word in words if word not in (b"0", b"1"))
        wrong.extend((number, text) for text in texts)
    return values
