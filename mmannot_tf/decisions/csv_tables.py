"""Tables of numbers in CSV files, and which of their lines and columns are names.

A file does not say whether its first line names the labels, or its first column the images. Words are names,
numbers are numbers; where a line could be either, the file is refused, and the caller must say it.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Names: TypeAlias = Literal["auto", "none", "labels", "images", "both"]
"""What a table names: labels in its first line, images in its first column; "auto" to find out."""
Lines: TypeAlias = Sequence[Sequence[str]]

_HEADS_OF_IMAGES = ("", "image", "image_id", "imageid", "id", "name", "file", "file_name", "filename", "path")
"""Heads of a first column that names images, even if its names are numbers."""
_MISSING = ("", "na", "n/a", "#n/a", "null", "none", "nil", "-", "?")
"""What programs write where they have no number; in a head they may be names."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", " ": "blanks"}
_DIGITS = re.compile("[0-9]+")
_LONGEST_QUOTE = 60


class Table(NamedTuple):
    """A number for each image and label.

    Attributes:
        values: [N][C].
        images: the images' names, [N]; None where the file has none.
        labels: the labels' names, [C]; None where the file has none.
    """

    values: list[list[float]]
    images: tuple[str, ...] | None
    labels: tuple[str, ...] | None


def read_table(path: Path, names: Names = "auto") -> Table:
    """Reads a CSV file with commas; empty lines are left out.

    Raises:
        ValueError: the file is no table of numbers, may be read in two ways, or names a label twice.
        csv.Error: it is no CSV.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        numbered = [(reader.line_num, row) for row in reader if row]
    lines = [row for _, row in numbered]
    _check_shape(lines)
    has_head = _has_head(lines) if names == "auto" else names in ("labels", "both")
    head, body = (lines[0], numbered[1:]) if has_head else (None, numbered)
    rows = [row for _, row in body]
    first = int(_names_images(head, rows) if names == "auto" else names in ("images", "both"))
    return Table(
        [
            [_number(field, line, column) for column, field in enumerate(row[first:], first + 1)]
            for line, row in body
        ],
        tuple(row[0] for row in rows) if first else None,
        None if head is None else _checked_labels(head[first:], first),
    )


def _check_shape(lines: Lines) -> None:
    for line in lines[:2]:
        _check_separator(line)
    widths = {len(row) for row in lines}
    if len(widths) > 1:
        raise ValueError(f"its lines have {min(widths)} to {max(widths)} fields")


def _check_separator(line: Sequence[str]) -> None:
    """Checks that a line of one field does not hold several numbers or names."""
    text = line[0].strip()
    for mark, name in _SEPARATORS.items():
        parts = text.split(mark)
        if len(line) == 1 and len(parts) > 1 and (mark != " " or all(map(_is_number, text.split()[1:]))):
            raise ValueError(f"its fields are separated by {name}; write commas")


def _has_head(lines: Lines) -> bool:
    """Whether the first line names the labels.

    Raises:
        ValueError: it may be names or numbers.
    """
    if not lines:
        return False
    first, others = lines[0], lines[1:]
    lead, rest = first[0], first[1:] or first
    kinds = {_kind(field) for field in rest}
    if kinds <= {"word", "missing"} and "word" in kinds and _kind(lead) != "number":
        return True
    if kinds != {"number"}:
        raise _ambiguous("line", first)
    if _is_head_of_images(lead):
        if _are_distinct_digits(rest):
            return True
        raise _ambiguous("line", first)
    if _kind(lead) == "missing":
        raise _ambiguous("line", first)
    start = 0 if _kind(lead) == "number" else 1
    return _are_names_in_digits(first[start:], [row[start:] for row in others], first)


def _are_names_in_digits(first: Sequence[str], others: Lines, line: Sequence[str]) -> bool:
    """Whether whole numbers are names of labels, such as pandas' 0, 1, 2: beside probabilities they are.

    Raises:
        ValueError: they may also be scores, votes, or 0 and 1.
    """
    if not _are_distinct_digits(first):
        return False
    numbers = [int(field) for field in first]
    if len(first) > 1 and max(numbers) > 1 and others and all(map(_are_probabilities, others)):
        return True
    is_running = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    are_others_whole = any(all(map(_DIGITS.fullmatch, row)) for row in others)
    if len(first) == 1:
        is_doubtful = numbers == [0] and bool(others) and not are_others_whole
    else:
        is_doubtful = is_running or (max(numbers) > 1 and not are_others_whole)
    if is_doubtful:
        raise _ambiguous("line", line)
    return False


def _names_images(head: Sequence[str] | None, rows: Lines) -> bool:
    """Whether the first column names the images.

    Raises:
        ValueError: it may be names or numbers.
    """
    column = [row[0] for row in rows]
    kinds = {_kind(field) for field in column}
    if head is None or not _is_head_of_images(head[0]):
        if len(kinds) > 1:
            raise _ambiguous("column", column)
        return kinds == {"word"}
    if "word" in kinds or not head[0].strip():
        return True
    if not _are_distinct_digits(column) or set(column) <= {"0", "1"}:
        raise _ambiguous("column", [head[0], *column])
    return True


def _checked_labels(names: Sequence[str], first: int) -> tuple[str, ...]:
    seen: set[str] = set()
    for place, name in enumerate(names, first + 1):
        if not name.strip():
            raise ValueError(f"column {place} has no name in the first line")
        if name in seen:
            raise ValueError(f"the first line names the label {name!r} twice")
        seen.add(name)
    return tuple(names)


def _ambiguous(what: str, fields: Sequence[str]) -> ValueError:
    shown = _shortened(",".join(fields[:20]))
    return ValueError(
        f"its first {what} may be names or numbers ({shown!r}); say what the file names with --names none, "
        "labels, images or both"
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _is_head_of_images(field: str) -> bool:
    return field.strip().lower() in _HEADS_OF_IMAGES


def _are_distinct_digits(fields: Sequence[str]) -> bool:
    return all(map(_DIGITS.fullmatch, fields)) and len(set(fields)) == len(fields)


def _are_probabilities(row: Sequence[str]) -> bool:
    return all(_is_number(field) and 0 <= float(field) <= 1 for field in row)


def _kind(field: str) -> Literal["number", "missing", "word"]:
    if field.strip().lower() in _MISSING:
        return "missing"
    return "number" if _is_number(field) else "word"


def _number(text: str, line: int, column: int) -> float:
    if not _is_number(text):
        raise ValueError(f"{_shortened(text)!r} is no number, in line {line}, column {column}")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's own 1_000
