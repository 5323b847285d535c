"""Reads CSV files with a header, as people and spreadsheets write them: one reader for all commands.

The header decides the delimiter: the one of `DELIMITERS` that gives the most known columns. Text is UTF-8, or
UTF-16 with a byte-order mark. A row must have as many cells as the header; a row of empty cells is none.
"""

import codecs
import contextlib
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.paths import shown

DELIMITERS: Mapping[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
"""Delimiters with their names, the most usual first."""

SYNONYMS = (("path", "image", "file", "filename", "file_name"),)
"""Groups of names that mean the same column, in CSV and in JSON lines."""

MAX_CELL = 2**24
"""Characters of the longest cell; Python's own limit is 131,072, fewer than some photographs' tags have."""
_EXCEL = re.compile(r'"?sep=(.)"?\r?\n')


@dataclass(frozen=True)
class Columns:
    """The columns that a command reads.

    Attributes:
        known: their names.
        required: those that a file must have.
        renamed: the file's name of a column, where it has another one.
        only_known: whether any other column is an error; else other columns are not read.
    """

    known: tuple[str, ...]
    required: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    only_known: bool = False

    def meaning(self, name: str) -> str | None:
        """The column of `known` that a file's name means; None if it means none. Case is ignored."""
        for column, other in self.renamed.items():
            if name == other:
                return column
        folded = name.strip().casefold()
        same = next((group for group in SYNONYMS if folded in group), (folded,))
        return next((word for word in self.known if word in same and word not in self.renamed), None)


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Attributes:
        number: its first line, counted from 1.
        cells: texts by column; empty if there is a problem.
        problem: why the row cannot be read; empty if it can.
    """

    number: int
    cells: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class Table:
    """A CSV file with a header.

    Attributes:
        path: the file.
        notes: how the file is read where that is not plain CSV, a sentence each.
    """

    def __init__(self, path: Path, *, what: str, columns: Columns):
        """Reads the header.

        Args:
            path: the file.
            what: how messages call the file: "manifest", "--tags-file", …
            columns: the columns to read.

        Raises:
            UserError: the file is missing, no text, no CSV, or lacks a column.
        """
        self.path, self._what, self._columns = path, what, columns
        with self._errors():
            self._first, self._delimiter, names = self._header()
            self._meanings = tuple(columns.meaning(name) for name in names)
            self._check(names)
            self._skip_blanks = self._has_blanks_before_quotes()
        self.notes = tuple(self._notes(names))
        self._names = names

    def rows(self) -> Iterator[TableRow]:
        """Yields the rows in order, without empty lines and rows of empty cells.

        Raises:
            UserError: the file is no text or no CSV.
        """
        with self._errors():
            for number, cells in self._records(self._delimiter, skip_blanks=self._skip_blanks):
                yield self._row(number, cells)

    def _row(self, number: int, cells: Sequence[str]) -> TableRow:
        if len(cells) != len(self._meanings):
            hint = f" (put a cell that holds {self._delimiter!r} in double quotes)"
            problem = f"{counted(len(cells), 'cell')} under {counted(len(self._meanings), 'column')}"
            return TableRow(number, problem=problem + (hint if len(cells) > len(self._meanings) else ""))
        unnamed = [cell for cell, name in zip(cells, self._names, strict=True) if cell.strip() and not name]
        if unnamed:
            return TableRow(number, problem=f"cell {unnamed[0]!r} stands under a column without a name")
        pairs = zip(self._meanings, cells, strict=True)
        return TableRow(number, {name: cell for name, cell in pairs if name is not None})

    def _header(self) -> tuple[int, str, list[str]]:
        """The number of the header's line, the delimiter, and the names of the columns."""
        with open_text(self.path, self._what) as file:
            excel = _EXCEL.fullmatch(file.readline())
        first, delimiters = (2, excel.group(1)) if excel else (1, "".join(DELIMITERS))
        headers = {delimiter: self._names_of(first, delimiter) for delimiter in delimiters}
        best = max(headers, key=lambda delimiter: self._known(headers[delimiter]))  # of equals the first
        return first, best, headers[best]

    def _names_of(self, first: int, delimiter: str) -> list[str]:
        with open_text(self.path, self._what) as file:
            for _ in range(first - 1):
                file.readline()
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            return [name.strip() for name in next(reader, [])]

    def _known(self, names: Iterable[str]) -> tuple[int, int]:
        meanings = {self._columns.meaning(name) for name in names} - {None}
        return len(meanings & {*self._columns.required}), len(meanings)

    def _check(self, names: list[str]) -> None:
        columns = self._columns
        other = [name for name in names if name and columns.meaning(name) is None]
        if other and columns.only_known:
            raise UserError(
                f"columns must be some of {', '.join(columns.known)}. Received: {self.path}:{self._first}: "
                f"{other[0]!r}. Rename or remove the column, or name the right ones with --column."
            )
        found = [meaning for meaning in self._meanings if meaning]
        wanted = {name: columns.renamed.get(name, name) for name in (*columns.required, *columns.renamed)}
        if len(set(found)) < len(found) or not wanted.keys() <= {*found}:
            raise UserError(
                f"{self._what} must name the columns {' and '.join(wanted.values())}, none twice, in line "
                f"{self._first}. Received: {self.path}:{self._first}: {', '.join(names) or 'no header'}. "
                "Write the columns' names into that line."
            )

    def _has_blanks_before_quotes(self) -> bool:
        return any(
            cell[:1] == " " and cell.lstrip(" ")[:1] == '"'
            for _, cells in self._records(self._delimiter)
            for cell in cells
        )

    def _records(self, delimiter: str, *, skip_blanks: bool = False) -> Iterator[tuple[int, list[str]]]:
        """The records after the header, each with the number of its first line."""
        with open_text(self.path, self._what) as file:
            for _ in range(self._first - 1):
                file.readline()
            csv.field_size_limit(MAX_CELL)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=skip_blanks, strict=True)
            before = self._first - 1
            try:
                next(reader, None)
                last = reader.line_num
                for cells in reader:
                    if any(cell.strip() for cell in cells):
                        yield before + last + 1, cells
                    last = reader.line_num
            except csv.Error as error:
                raise csv.Error(f"{self.path}:{before + reader.line_num}: {error}") from None

    def _notes(self, names: list[str]) -> Iterator[str]:
        name = shown(self.path.name)
        if self._delimiter != ",":
            yield f"{name}: columns are separated by {DELIMITERS.get(self._delimiter, self._delimiter)}"
        if self._skip_blanks:
            yield f"{name}: blanks before quotes are left out, so that the quotes are read as quotes"
        other = [name for name in names if name and self._columns.meaning(name) is None]
        if other:
            yield f"{name}: columns that are not read: {', '.join(map(repr, other))}"

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise no_text(self.path, self._what, error.reason) from None
        except csv.Error as error:
            place = str(error) if str(error).startswith(str(self.path)) else f"{self.path}: {error}"
            raise UserError(f"{self._what} must be well-formed CSV. Received: {place}. Repair it.") from None


def open_text(path: Path, what: str) -> TextIO:
    """Opens a file of text in UTF-8, or in UTF-16 with a byte-order mark.

    Args:
        path: the file.
        what: how messages call the file.

    Raises:
        UserError: the file does not exist, or is UTF-16 without a mark.
    """
    if not path.is_file():
        raise UserError(f"{what} must exist. Received: {path}, which is no file. Pass another path.")
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and start != codecs.BOM_UTF32_LE:
        return path.open(encoding="utf-16", newline="")
    if b"\0" in start:
        raise no_text(path, what, "UTF-16 or UTF-32 without a byte-order mark")
    return path.open(encoding="utf-8-sig", newline="")


def no_text(path: Path, what: str, reason: str) -> UserError:
    """The error that a file is no text in a known encoding."""
    return UserError(
        f"{what} must be UTF-8 text, or UTF-16 with a byte-order mark. Received: {path} ({reason}). "
        "Save it as UTF-8."
    )
