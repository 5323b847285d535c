"""Vectors as a source of records."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.features.arrays import Described, VectorFile, open_vectors
from tfrecords_tools.features.settings import FeaturesSettings
from tfrecords_tools.manifest.label_list import read_labels, sorted_labels
from tfrecords_tools.manifest.label_notes import notes_on_rows
from tfrecords_tools.manifest.rows import SPLITS, Row
from tfrecords_tools.manifest.splits import split_rows
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.vectors import VectorFacts
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import sha256


def features_source(settings: FeaturesSettings) -> RecordSource:
    """The vectors of a file as a source. They stay in the file until a build or a check reads them.

    Raises:
        UserError: the file is missing or broken, an id is empty or occurs twice, a split or a label is
            unknown, or the vectors differ in length.
    """
    file = open_vectors(settings.arrays)
    rows = _rows(file, settings.separator)
    listed = None if settings.labels is None else read_labels(settings.labels)
    labels = listed or sorted_labels(label for row in rows for label in row.labels)
    _check_labels(rows, labels, settings.arrays)
    splits = split_rows(rows, validation_share=settings.validation_share, test_share=settings.test_share)
    return RecordSource(
        name="features",
        config="default",
        labels=labels,
        settings={
            **settings.as_json(),
            "arrays": sha256(settings.arrays),
            "labels": None if settings.labels is None else sha256(settings.labels),
        },
        splits={
            name: Split(len(chosen), partial(_examples, file, {row.line: row for row in chosen}))
            for name, chosen in splits.items()
        },
        rules=settings.rules,
        citation=f"Vectors of {settings.arrays.name}, made by {settings.model}.",
        notes=tuple(notes_on_rows(labels, rows, training=splits["train"])),
        vectors=VectorFacts(_size(file), settings.model),
    )


def _rows(file: VectorFile, separator: str) -> tuple[Row, ...]:
    rows: dict[str, Row] = {}
    for number, described in enumerate(file.described()):
        row = _row(described, number, separator, file.path)
        if row.path in rows:
            raise UserError(
                f"ids must be unique. Received: {file.path} with {row.path!r} in the rows "
                f"{rows[row.path].line} and {number}, counted from 0."
            )
        rows[row.path] = row
    if not rows:
        raise UserError(f"a file of vectors must have a row. Received: {file.path}, which has none.")
    return tuple(rows.values())


def _row(described: Described, number: int, separator: str, path: Path) -> Row:
    if not described.id:
        raise UserError(f"ids must not be empty. Received: {path}, row {number}, counted from 0.")
    if described.split and described.split not in SPLITS:
        raise UserError(
            f"a split must be one of {', '.join(SPLITS)}. Received: {described.split!r} of "
            f"{described.id!r} in {path}."
        )
    return Row(
        path=described.id,
        labels=_words(described.labels, separator),
        tags=_words(described.tags, separator),
        groups=(),
        split=described.split or None,
        line=number,
    )


def _words(given: Sequence[str] | str, separator: str) -> tuple[str, ...]:
    words = given.split(separator) if isinstance(given, str) else given
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _check_labels(rows: Sequence[Row], labels: Sequence[str], path: Path) -> None:
    known = {*labels}
    for row in rows:
        if unknown := [label for label in row.labels if label not in known]:
            raise UserError(
                f"labels must be in the list of labels. Received: {unknown[0]!r} of {row.path!r} in {path}."
            )
    if not any(row.labels for row in rows):
        raise UserError(f"a vector must have a label. Received: {path}, where none of {len(rows):,} has.")


def _size(file: VectorFile) -> int:
    first = next(file.vectors(), np.zeros(0))
    if first.ndim != 1 or not len(first):
        raise UserError(f"vectors must have at least one number. Received: {file.path}.")
    return len(first)


def _examples(file: VectorFile, rows: Mapping[int, Row]) -> Iterator[Example]:
    size = None
    for number, vector in enumerate(file.vectors()):
        size = len(vector) if size is None else size
        if len(vector) != size:
            raise UserError(
                f"vectors must have one length. Received: {file.path}, {counted(size, 'number')} in the "
                f"first row and {len(vector):,} in row {number}, counted from 0."
            )
        if number in rows:
            row = rows[number]
            yield Example(id=row.path, image=b"", labels=row.labels, tags=row.tags, vector=vector)
