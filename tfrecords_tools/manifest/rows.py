"""Checks the rows of a manifest; a row that cannot be used becomes an annotation defect."""

import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.manifest.label_merging import LabelMerging
from tfrecords_tools.manifest.lines import Line, ManifestFile
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json
from tfrecords_tools.shell.paths import FilesBelow, path_below, shown

SPLITS = ("train", "validation", "test")
ALL = "*"
"""In the column absent: all labels that are not given."""


@dataclass(frozen=True)
class Row:
    """One image of a manifest.

    Attributes:
        path: the path below the raw folder, with forward slashes.
        labels: the labels without blanks around them.
        tags: the tags without blanks around them.
        groups: the groups without blanks around them.
        split: one of SPLITS; None if the row has no split.
        absent: the labels that the image is known not to have; None for all that are not given.
        file: the path of the file that `path` matches, below the raw folder; empty if none was looked for.
        line: the row's first line in the manifest.
    """

    path: str
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    split: str | None
    absent: tuple[str, ...] | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Rows:
    """A whole manifest.

    Attributes:
        valid: the rows without a defect.
        defects: the defects in the file's order.
        has_groups: whether any row has groups.
        has_absent: whether any row has the column absent: then there may be labels of which nothing is known.
        images: the number of valid rows by label, as the rows have the labels, before any are merged.
        notes: how the file is read, a sentence each.
    """

    valid: tuple[Row, ...]
    defects: tuple[AnnotationDefect, ...]
    has_groups: bool
    images: Mapping[str, int] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    has_absent: bool = False


class _RowError(Exception):
    """The row cannot be used; the message is the reason."""


def read_rows(
    path: Path,
    *,
    separator: str,
    labels: Sequence[str] | None,
    raw: Path | None = None,
    renamed: Mapping[str, str] | None = None,
    merging: LabelMerging = LabelMerging(),  # noqa: B008  # frozen
) -> Rows:
    """Reads a manifest.

    Args:
        path: the file.
        separator: separates the entries of a CSV cell; "auto" finds it.
        labels: the allowed labels; None allows all.
        raw: the folder with the files, to which absolute paths become relative; None looks for no file.
        renamed: the file's name of a column, where it has another one.
        merging: labels that become others before they are compared with `labels`.

    Raises:
        UserError: the file cannot be read, or has no valid row.
    """
    file = ManifestFile(path, separator=separator, renamed=renamed)
    reader = _RowReader(raw)
    parsed = [(line.number, reader.row(line)) for line in file.lines()]
    images = _counted(row for _, row in parsed if isinstance(row, Row))
    becomes = merging.merged(images, labels or ())
    valid: dict[str, Row] = {}
    defects: list[AnnotationDefect] = []
    for number, row in parsed:
        try:
            final = _final(row, becomes, labels=None if labels is None else {*labels}, earlier=valid)
        except _RowError as error:
            defects.append(AnnotationDefect(path.name, number, f"{error}; a repair leaves the row out"))
        else:
            valid[final.file or final.path] = final
    if not valid:
        seen = f"{defects[0]}, and {len(defects) - 1} more" if defects else "no row"
        raise UserError(
            f"manifest must have a row that can be used. Received: {path}: {seen}. Repair the file."
        )
    return Rows(
        tuple(valid.values()),
        tuple(defects),
        reader.has_groups,
        images,
        file.notes,
        has_absent=reader.has_absent,
    )


def _counted(rows: Iterable[Row]) -> Counter[str]:
    """How many rows each label is given in; 0 for one that is only absent."""
    images: Counter[str] = Counter()
    for row in rows:
        images.update(dict.fromkeys(row.labels, 1))
        images.update(dict.fromkeys(row.absent or (), 0))
    return images


def _final(
    row: "Row | _RowError", becomes: Mapping[str, str], *, labels: set[str] | None, earlier: Mapping[str, Row]
) -> Row:
    """A row with merged labels; raises a _RowError if it cannot be used."""
    if isinstance(row, _RowError):
        raise row
    merged = tuple(becomes[label] for label in row.labels)
    absent = None if row.absent is None else tuple(becomes[label] for label in row.absent)
    for label in (*merged, *(absent or ())):
        if labels is not None and label not in labels:
            raise _RowError(f"label {label!r} is not in the list of labels")
    if both := [label for label in absent or () if label in merged]:
        raise _RowError(f"label {both[0]!r} is both in labels and in absent")
    if first := earlier.get(row.file or row.path):
        raise _RowError(f"path {shown(row.path)!r} is in row {first.line} already")
    return row if (merged, absent) == (row.labels, row.absent) else replace(row, labels=merged, absent=absent)


class _RowReader:
    """Makes rows of lines.

    Attributes:
        has_groups: whether any line had groups.
        has_absent: whether any line had absent labels.
    """

    def __init__(self, raw: Path | None):
        self._raw, self._files = raw, None if raw is None else FilesBelow(raw)
        self.has_groups = self.has_absent = False

    def row(self, line: Line) -> "Row | _RowError":
        """The row of a line, or why there is none."""
        self.has_groups |= "groups" in line.fields
        self.has_absent |= "absent" in line.fields
        try:
            return self._row(line)
        except _RowError as error:
            return error

    def _row(self, line: Line) -> Row:
        if line.problem:
            raise _RowError(line.problem)
        path, file = self._path(line)
        return Row(
            path=path,
            labels=tuple(_words(line, "labels", required=True)),
            tags=tuple(_words(line, "tags")),
            groups=tuple(_words(line, "groups")),
            split=_split(line),
            absent=_absent(line),
            file=file,
            line=line.number,
        )

    def _path(self, line: Line) -> tuple[str, str]:
        """The path as the manifest has it, and that of the file it matches; both below the raw folder."""
        text = _text("path", line.fields.get("path"))
        try:
            path = path_below(text, self._raw)
            if self._files is None or self._raw is None:
                return path, ""
            return path, self._files.find(path).relative_to(self._raw).as_posix()
        except ValueError as error:
            raise _RowError(str(error)) from None


def _split(line: Line) -> str | None:
    value = line.fields.get("split")
    name = "" if value is None else _text("split", value).strip()
    if name and name not in SPLITS:
        raise _RowError(f"split {name!r} is none of {', '.join(SPLITS)}")
    return name or None


def _absent(line: Line) -> tuple[str, ...] | None:
    """The labels that are known to be absent; None for all, also where a JSON line has no such key."""
    if "absent" not in line.fields or line.fields["absent"] == ALL:
        return None
    if line.fields["absent"] is None:
        raise _RowError(f"absent must be a list of labels or {ALL!r}, not null")
    words = tuple(_words(line, "absent"))
    if ALL not in words:
        return words
    if {*words} != {ALL}:
        raise _RowError(f"{ALL} of absent means all labels and must stand alone, not beside {len(words) - 1}")
    return None


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
        if any(unicodedata.category(character) == "Cc" for character in word if character != "\t"):
            raise _RowError(f"{word!r} of {name} has a control character")
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
