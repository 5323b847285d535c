"""Checks the rows of a manifest; a row that cannot be used becomes an annotation defect."""

import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.manifest.lines import Line, read_lines
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """One image of a manifest.

    Attributes:
        path: the path below the raw folder, with forward slashes.
        labels: the labels without blanks around them.
        tags: the tags without blanks around them.
        groups: the groups without blanks around them.
        split: one of SPLITS; None if the row has no split.
    """

    path: str
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    split: str | None


@dataclass(frozen=True)
class Rows:
    """A whole manifest.

    Attributes:
        valid: the rows without a defect.
        defects: the defects in the file's order.
        has_groups: whether any row has groups.
    """

    valid: tuple[Row, ...]
    defects: tuple[AnnotationDefect, ...]
    has_groups: bool


class _RowError(Exception):
    """The row cannot be used; the message is the reason."""


def read_rows(path: Path, *, separator: str, labels: Container[str] | None) -> Rows:
    """Reads a manifest.

    Args:
        path: the file.
        separator: separates the entries of a CSV cell.
        labels: the allowed labels; None allows all.

    Raises:
        UserError: the file cannot be read, or has no valid row.
    """
    valid: dict[str, Row] = {}
    numbers: dict[str, int] = {}
    defects: list[AnnotationDefect] = []
    has_groups = False
    for line in read_lines(path, separator=separator):
        has_groups |= "groups" in line.fields
        try:
            row = _row(line, labels)
            if row.path in valid:
                raise _RowError(f"path {row.path!r} is in row {numbers[row.path]} already")
        except _RowError as error:
            defects.append(AnnotationDefect(path.name, line.number, f"{error}; a repair leaves the row out"))
            continue
        valid[row.path], numbers[row.path] = row, line.number
    if not valid:
        seen = f"{defects[0]}, and {len(defects) - 1} more" if defects else "no row"
        raise UserError(
            f"manifest must have a row that can be used. Received: {path}: {seen}. Repair the file."
        )
    return Rows(tuple(valid.values()), tuple(defects), has_groups)


def _row(line: Line, labels: Container[str] | None) -> Row:
    if line.problem:
        raise _RowError(line.problem)
    row = Row(
        path=_path(line),
        labels=tuple(_words(line, "labels", required=True)),
        tags=tuple(_words(line, "tags")),
        groups=tuple(_words(line, "groups")),
        split=_split(line),
    )
    unknown = [] if labels is None else [label for label in row.labels if label not in labels]
    if unknown:
        raise _RowError(f"label {unknown[0]!r} is not in the list of labels")
    return row


def _path(line: Line) -> str:
    text = _text("path", line.fields.get("path"))
    path = Path(text)
    if not text.strip() or not path.parts:
        raise _RowError("path is empty")
    if "\\" in text:
        raise _RowError(f"path {text!r} has a backslash; separate folders by /")
    if text.startswith("/") or path.is_absolute() or path.drive or ".." in path.parts:
        raise _RowError(f"path {text!r} leaves the raw folder")
    return PurePosixPath(text).as_posix()


def _split(line: Line) -> str | None:
    value = line.fields.get("split")
    name = "" if value is None else _text("split", value).strip()
    if name and name not in SPLITS:
        raise _RowError(f"split {name!r} is none of {', '.join(SPLITS)}")
    return name or None


def _words(line: Line, name: str, *, required: bool = False) -> Iterator[str]:
    entries = line.fields.get(name)
    if entries is None and not required:
        return
    if not isinstance(entries, list):
        raise _RowError(f"{name} must be a list of strings, not {_shown(entries)}")
    for entry in entries:
        word = _text(f"each of {name}", entry).strip()
        if len(word.splitlines()) > 1:
            raise _RowError(f"{word!r} of {name} has a line break")
        if word:
            yield sys.intern(word)  # few distinct words occur many times


def _text(name: str, value: Json) -> str:
    if not isinstance(value, str):
        raise _RowError(f"{name} must be a string, not {_shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _RowError(f"{name} must be text that UTF-8 can encode, not {value!r}") from None
    return value


def _shown(value: Json) -> str:
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 40 else f"{text[:40]}…"
