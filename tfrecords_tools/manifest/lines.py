"""Reads the lines of a manifest, CSV or JSON lines, without checking their content."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

LISTS = ("labels", "tags", "groups")
COLUMNS = ("path", "labels", "tags", "split", "groups")
REQUIRED = ("path", "labels")


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


def read_lines(path: Path, *, separator: str) -> Iterator[Line]:
    """Yields the lines of a manifest in order, without empty ones.

    Args:
        path: a file named .csv, .jsonl or .ndjson, UTF-8 with or without a byte-order mark.
        separator: separates the entries of a CSV cell in the columns of LISTS.

    Raises:
        UserError: the file is missing, of another type, no UTF-8 text, no CSV, or has a wrong column.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise UserError(
            f"manifest must be a {', '.join(_READERS)} file. Received: {path}. Rename or convert it."
        )
    if not path.is_file():
        raise UserError(f"manifest must exist. Received: {path}, which does not. Pass --manifest.")
    try:
        yield from read(path, separator)
    except UnicodeDecodeError as error:
        raise UserError(
            f"manifest must be UTF-8 text. Received: {path} ({error.reason}). Save it as UTF-8."
        ) from None


def _csv(path: Path, separator: str) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = _header(path, next(reader, []))
            last = reader.line_num
            for cells in reader:
                if cells:
                    yield _csv_line(last + 1, header, cells, separator)
                last = reader.line_num
        except csv.Error as error:
            raise UserError(
                f"manifest must be well-formed CSV. Received: {path}:{reader.line_num}: {error}. Repair it."
            ) from None


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    _check_columns(path, 1, names)
    missing = [name for name in REQUIRED if name not in names]
    if missing or len(set(names)) < len(names):
        raise UserError(
            f"line 1 must name the columns {' and '.join(REQUIRED)}, none twice. Received: {path}:1: "
            f"{', '.join(names) or 'no header'}. Write the columns' names into the first line."
        )
    return names


def _csv_line(number: int, header: list[str], cells: list[str], separator: str) -> Line:
    if len(cells) != len(header):
        return Line(number, problem=f"{len(cells)} cells under {len(header)} columns")
    cell = dict(zip(header, cells, strict=True))
    lists = {name: cell[name].split(separator) for name in LISTS if name in cell}
    return Line(number, {**cell, **lists})


def _json_lines(path: Path, _: str) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig") as file:
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield _json_line(path, number, text)


def _json_line(path: Path, number: int, text: str) -> Line:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return Line(number, problem=f"broken JSON ({error.msg} at column {error.colno})")
    except (ValueError, RecursionError) as error:
        return Line(number, problem=f"broken JSON ({error})")
    if not isinstance(value, dict):
        return Line(number, problem=f"no JSON object but a {type(value).__name__}")
    _check_columns(path, number, value)
    return Line(number, value)


def _check_columns(path: Path, number: int, names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise UserError(
            f"columns must be some of {', '.join(COLUMNS)}. Received: {path}:{number}: {unknown[0]!r}. "
            "Rename or remove the column."
        )


_READERS: dict[str, Callable[[Path, str], Iterator[Line]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
