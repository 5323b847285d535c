"""Reads the lines of a manifest, CSV or JSON lines, without checking their content."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrecords_tools.manifest.separators import CellSeparators
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json
from tfrecords_tools.shell.tables import Columns, Table, no_text, open_text

LISTS = ("labels", "tags", "groups", "absent")
COLUMNS = ("path", "labels", "tags", "split", "groups", "absent")
REQUIRED = ("path", "labels")
SUFFIXES = {".csv": "CSV", ".tsv": "CSV", ".jsonl": "JSON lines", ".ndjson": "JSON lines"}
WHAT = "manifest"


@dataclass(frozen=True)
class Line:
    """One row of a manifest.

    Attributes:
        number: its first line, counted from 1.
        fields: values by column; in valid rows, the columns of LISTS hold lists.
        problem: why the line cannot be parsed; empty if it can.
    """

    number: int
    fields: Mapping[str, Json] = field(default_factory=dict)
    problem: str = ""


def check_suffix(path: Path) -> str:
    """The kind of a manifest by its suffix: "CSV" or "JSON lines".

    Raises:
        UserError: the suffix is none of SUFFIXES.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            f"manifest must be a {', '.join(SUFFIXES)} file. Received: {path}. Rename or convert it."
        )
    return kind


class ManifestFile:
    """A file named .csv, .tsv, .jsonl or .ndjson; UTF-8, or UTF-16 with a byte-order mark."""

    def __init__(self, path: Path, *, separator: str, renamed: Mapping[str, str] | None = None):
        """Reads a CSV file's header.

        Args:
            path: the file.
            separator: separates the entries of a CSV cell in the columns of LISTS; "auto" finds it.
            renamed: the file's name of a column, where it has another one; then columns that are not in
                COLUMNS are no error.

        Raises:
            UserError: the file is missing, of another type, no text, no CSV, or has a wrong column.
        """
        self._path = path
        kind = check_suffix(path)
        self._columns = Columns(COLUMNS, REQUIRED, renamed or {}, only_known=not renamed)
        self._table = Table(path, what=WHAT, columns=self._columns) if kind == "CSV" else None
        self._separators = CellSeparators(self._cells(), separator) if self._table else None

    @property
    def notes(self) -> tuple[str, ...]:
        """How the file is read where that is not plain CSV, and cells that seem to hold another separator."""
        if self._table is None or self._separators is None:
            return ()
        return (*self._table.notes, *self._separators.notes(self._path.name))

    def lines(self) -> Iterator[Line]:
        """Yields the lines in order, without empty ones.

        Raises:
            UserError: the file is no text, no CSV, or has a wrong key.
        """
        if self._table is None or self._separators is None:
            yield from self._json_lines()
            return
        for row in self._table.rows():
            lists = {
                name: self._separators.split(name, row.cells[name]) for name in LISTS if name in row.cells
            }
            yield Line(row.number, {**row.cells, **lists}, row.problem)

    def _cells(self) -> Iterator[tuple[str, str]]:
        """The cells of the columns of LISTS, with their columns."""
        for row in self._table.rows() if self._table else ():
            yield from ((name, row.cells[name]) for name in LISTS if name in row.cells)

    def _json_lines(self) -> Iterator[Line]:
        try:
            with open_text(self._path, WHAT) as file:
                for number, text in enumerate(file, start=1):
                    if text.strip():
                        yield self._json_line(number, text)
        except UnicodeDecodeError as error:
            raise no_text(self._path, WHAT, error.reason) from None

    def _json_line(self, number: int, text: str) -> Line:
        try:
            value = json.loads(text, object_pairs_hook=_members)
        except json.JSONDecodeError as error:
            return Line(number, problem=f"broken JSON ({error.msg} at column {error.colno})")
        except (ValueError, RecursionError) as error:
            return Line(number, problem=f"broken JSON ({error})")
        if not isinstance(value, dict):
            return Line(number, problem=f"no JSON object but a {type(value).__name__}")
        meanings = {name: self._columns.meaning(name) for name in value}
        self._check_keys(number, meanings)
        known = [meaning for meaning in meanings.values() if meaning]
        if len(set(known)) < len(known):
            return Line(number, problem=f"two keys of one meaning ({', '.join(value)})")
        return Line(number, {meaning: value[name] for name, meaning in meanings.items() if meaning})

    def _check_keys(self, number: int, meanings: Mapping[str, str | None]) -> None:
        unknown = [name for name, meaning in meanings.items() if meaning is None]
        if unknown and self._columns.only_known:
            raise UserError(
                f"keys must be some of {', '.join(COLUMNS)}. Received: {self._path}:{number}: "
                f"{unknown[0]!r}. Rename or remove the key, or name the right ones with --column."
            )


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} twice")
    return members


def renamed_columns(options: Iterable[str]) -> dict[str, str]:
    """The columns that options `COLUMN=NAME` rename.

    Raises:
        UserError: an option is not of that form, or names a column that is none of COLUMNS or is named twice.
    """
    renamed: dict[str, str] = {}
    for option in options:
        column, equals, name = (part.strip() for part in option.partition("="))
        if not equals or not name or column not in COLUMNS or column in renamed:
            raise UserError(
                f"--column must be COLUMN=NAME with a column of {', '.join(COLUMNS)}, each once. "
                f"Received: {option!r}. Pass for example --column path=Filename."
            )
        renamed[column] = name
    return renamed
