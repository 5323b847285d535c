"""A user's own photographs as a source of records."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split, check_raw_folder
from tfrecords_tools.manifest.label_list import read_labels, sorted_labels
from tfrecords_tools.manifest.label_merging import LabelMerging
from tfrecords_tools.manifest.label_notes import SHOWN, notes_on_rows
from tfrecords_tools.manifest.label_search import write_manifest
from tfrecords_tools.manifest.photograph_keywords import with_keywords
from tfrecords_tools.manifest.rows import ALL, Row, Rows, read_rows
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.splits import split_rows
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import sha256
from tfrecords_tools.shell.listing import listed


def manifest_source(settings: ManifestSettings) -> RecordSource:
    """The photographs of a manifest as a source; of their files at most the keywords are read yet.

    With `settings.labels_from`, a manifest that does not exist is written first.

    Raises:
        UserError: a file or folder is missing or broken; errors of single rows become annotation defects.
    """
    check_raw_folder(settings.raw)
    found = _found(settings)
    listed = None if settings.labels is None else read_labels(settings.labels)
    merging = settings.merging()
    rows = read_rows(
        settings.manifest,
        separator=settings.separator,
        labels=listed,
        raw=settings.raw,
        renamed=settings.renamed,
        merging=merging,
    )
    labels = listed or _labels_of(rows, settings.manifest)
    _check_names(labels, rows, settings.manifest)
    keywords = with_keywords(rows.valid, settings.raw) if settings.tags_from else None
    splits = split_rows(
        rows.valid if keywords is None else keywords.rows,
        validation_share=settings.validation_share,
        test_share=settings.test_share,
    )
    return RecordSource(
        name="manifest",
        config="default",
        labels=labels,
        settings={
            **settings.as_json(),
            "manifest": sha256(settings.manifest),
            "labels": None if settings.labels is None else sha256(settings.labels),
            **({} if keywords is None else {"keywords": keywords.digest}),
        },
        splits={
            name: Split(len(chosen), partial(_examples, chosen, rows, labels=labels, raw=settings.raw))
            for name, chosen in splits.items()
        },
        rules=settings.rules,
        citation=f"Photographs listed in {settings.manifest.name}.",
        defects=rows.defects,
        notes=(
            *found,
            *rows.notes,
            *(keywords.notes if keywords else ()),
            *(() if settings.labels_from else _unused(merging, rows)),
            *(_knowledge(rows, labels, settings.rules) if rows.has_absent else ()),
            *notes_on_rows(labels, rows.valid, training=splits["train"]),
        ),
        raw=settings.raw,
        listed_folder=settings.raw,
        row_of=partial(_row_of, settings.manifest.name, {row.path: row.line for row in rows.valid}),
        has_groups=rows.has_groups,
        has_unknown=rows.has_absent,
    )


def _found(settings: ManifestSettings) -> tuple[str, ...]:
    """Writes a manifest that does not exist, if asked to; returns sentences on it."""
    if settings.labels_from is None:
        return ()
    if settings.manifest.exists():
        return (f"{settings.manifest} exists and is read as it is; no labels are looked for",)
    return write_manifest(settings, settings.labels_from)


def _labels_of(rows: Rows, manifest: Path) -> tuple[str, ...]:
    labels = sorted_labels(label for row in rows.valid for label in (*row.labels, *(row.absent or ())))
    if not any(row.labels for row in rows.valid):
        raise UserError(
            f"an image must have a label. Received: {manifest}, where none of "
            f"{counted(len(rows.valid), 'row')} does. Fill in the labels, or pass --labels "
            "and --keep-unlabelled."
        )
    return labels


def _check_names(labels: Sequence[str], rows: Rows, manifest: Path) -> None:
    """Checks that no label is named as what stands for all of them, where something does."""
    if rows.has_absent and ALL in labels:
        raise UserError(
            f"a label must not be named {ALL!r} beside a column absent, where that means all labels. "
            f"Received: {manifest}. Rename the label."
        )


def _knowledge(rows: Rows, labels: Sequence[str], rules: Rules) -> Iterator[str]:
    """How much of the labels is known, and what happens to rows that know only what is absent."""
    unknown = sum(len(_unknown(row, labels)) for row in rows.valid)
    pairs = len(rows.valid) * len(labels)
    if unknown:
        yield f"nothing is known of {unknown:,} of {pairs:,} pairs of an image and a label"
    rejected = sum(not row.labels and row.absent != () for row in rows.valid)
    if rejected and not rules.keep_unlabelled:
        yield (
            f"{counted(rejected, 'image')} with absent labels and no given one: left out, as all images "
            "without a label; pass --keep-unlabelled to learn from them"
        )


def _unused(merging: LabelMerging, rows: Rows) -> Iterator[str]:
    unused = merging.unused(rows.images)
    if unused:
        yield f"no image has the labels that become others: {listed([*map(repr, unused)], SHOWN)}"


def _row_of(file: str, lines: Mapping[str, int], identifier: str) -> str:
    return f"{file}:{lines[identifier]}" if identifier in lines else ""


def _examples(chosen: Sequence[Row], rows: Rows, *, labels: Sequence[str], raw: Path) -> Iterator[Example]:
    for row in chosen:
        yield Example(
            id=row.path,
            image=raw / (row.file or row.path),
            labels=row.labels,
            tags=row.tags,
            groups=row.groups if rows.has_groups else None,
            unknown=_unknown(row, labels) if rows.has_absent else None,
        )


def _unknown(row: Row, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels of which a row says nothing."""
    if row.absent is None:
        return ()
    known = {*row.labels, *row.absent}
    return tuple(label for label in labels if label not in known)
