"""The rows of a manifest, checked one by one: sound rows, and a finding for each that is not."""

import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tfrecords_tools.building.source import Finding
from tfrecords_tools.manifest.lines import Line, read_lines
from tfrecords_tools.shell.errors import UserError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """One image of a manifest.

    Attributes:
        path: below the raw folder, parts joined by "/".
        labels: as written, without blanks around them.
        tags: likewise.
        groups: likewise.
        split: of SPLITS, or None where the row does not say.
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
        sound: its rows, those with an error left out.
        findings: the errors, in the file's order.
        has_groups: whether a row has a field of groups.
    """

    sound: tuple[Row, ...]
    findings: tuple[Finding, ...]
    has_groups: bool


class _RowError(Exception):
    """The row cannot be used; the message says why."""


def read_rows(path: Path, *, separator: str, labels: Container[str] | None) -> Rows:
    """Reads a manifest.

    Args:
        path: the file.
        separator: parts the entries of a CSV cell.
        labels: the only labels allowed; None allows all.

    Raises:
        UserError: the file is broken as a whole, or has no row.
    """
    sound: dict[str, Row] = {}
    numbers: dict[str, int] = {}
    findings: list[Finding] = []
    has_groups = False
    for line in read_lines(path, separator=separator):
        has_groups |= "groups" in line.fields
        try:
            row = _row(line, labels)
            if row.path in sound:
                raise _RowError(f"path {row.path!r} stands at row {numbers[row.path]} already")
        except _RowError as error:
            findings.append(Finding(path.name, line.number, f"{error}; a repair leaves the row out"))
            continue
        sound[row.path], numbers[row.path] = row, line.number
    if not sound:
        seen = f"{findings[0]}, and {len(findings) - 1} more" if findings else "no row"
        raise UserError(
            f"manifest must have a row that can be used. Received: {path}: {seen}. Mend the file."
        )
    return Rows(tuple(sound.values()), tuple(findings), has_groups)


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
    strangers = [] if labels is None else [label for label in row.labels if label not in labels]
    if strangers:
        raise _RowError(f"label {strangers[0]!r} is not in the list of labels")
    return row


def _path(line: Line) -> str:
    text = _text("path", line.fields.get("path"))
    place = Path(text)
    if not text.strip() or not place.parts:
        raise _RowError("path is empty")
    if "\\" in text:
        raise _RowError(f"path {text!r} has a backslash; folders are parted by /")
    if text.startswith("/") or place.is_absolute() or place.drive or ".." in place.parts:
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
            yield sys.intern(word)  # the same few words over and over


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _RowError(f"{name} must be a string, not {_shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _RowError(f"{name} must be text that UTF-8 can hold, not {value!r}") from None
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 40 else f"{text[:40]}…"
