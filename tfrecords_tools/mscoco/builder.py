"""Builds MS-COCO's records from its official files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import tensorflow_datasets as tfds

from tfrecords_tools.building import build_records
from tfrecords_tools.errors import UserError
from tfrecords_tools.example import Example
from tfrecords_tools.files import sha256
from tfrecords_tools.mscoco.captions import words
from tfrecords_tools.mscoco.layout import Part, annotation_file, find_year, read_part
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.records import Records
from tfrecords_tools.source import Rules, Source, Split
from tfrecords_tools.writing import RecordsBuilder


class Mscoco(RecordsBuilder):
    """TFDS builder of MS-COCO with captions as tags."""

    VERSION = tfds.core.Version("1.0.0")


def build(out: Path, settings: MscocoSettings, *, overwrite: bool = False) -> Records:
    """Builds OUT/mscoco/<year>/<version>/ and opens it.

    Raises:
        UserError: raw files are missing or broken; other settings built that folder; a split would be
            empty; too many images are unreadable.
    """
    return build_records(Mscoco, mscoco_source(settings), out=out, overwrite=overwrite)


def mscoco_source(settings: MscocoSettings) -> Source:
    """The official files as a source: test is the official val, validation a part of the official train.

    Raises:
        UserError: raw files are missing or broken.
    """
    if not settings.raw.is_dir():
        raise UserError(f"raw folder must exist. Received: {settings.raw}, which does not. Pass --raw.")
    year = settings.year or find_year(settings.raw)
    train, val = (read_part(settings.raw, f"{half}{year}") for half in ("train", "val"))
    _fit_together(settings.raw, train, val)
    held_out = [image for image in train.images if is_held_out(image, settings.validation_share)]
    learned = sorted(set(train.images) - set(held_out))
    chosen = {"train": (train, learned), "validation": (train, held_out), "test": (val, list(val.images))}
    return Source(
        name="mscoco",
        config=str(year),
        labels=tuple(train.categories.values()),
        settings={**settings.as_json(), "year": year, "annotations": _digests(settings.raw, year)},
        splits={
            name: Split(len(ids), partial(_examples, part, ids, settings))
            for name, (part, ids) in chosen.items()
        },
        rules=Rules(settings.keep_unlabelled, settings.keep_untagged, settings.bad_share),
        citation="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014.",
    )


def is_held_out(image: int, share: float) -> bool:
    """Whether an official training image is for validation: a pure function of its id."""
    drawn = int.from_bytes(hashlib.sha256(str(image).encode()).digest()[:8], "big")
    return drawn < share * 2**64


def _fit_together(raw: Path, train: Part, val: Part) -> None:
    if train.categories != val.categories:
        raise UserError(f"train and val must have the same categories. Received: {raw}, where they differ.")
    both = sorted(set(train.images) & set(val.images))
    if both:
        raise UserError(f"image ids must be unique. Received: {raw}: id {both[0]} in train and in val.")


def _digests(raw: Path, year: int) -> dict[str, str]:
    paths = [
        annotation_file(raw, kind, f"{half}{year}")
        for kind in ("instances", "captions")
        for half in ("train", "val")
    ]
    return {path.name: sha256(path) for path in paths}


def _examples(part: Part, ids: list[int], settings: MscocoSettings) -> Iterator[Example]:
    for image in ids:
        seen = part.labels.get(image, frozenset())
        yield Example(
            id=str(image),
            image=part.images[image],
            labels=tuple(name for category, name in part.categories.items() if category in seen),
            tags=words(part.captions.get(image, ()), tokens=settings.tokens, stop_words=settings.stop_words),
        )
