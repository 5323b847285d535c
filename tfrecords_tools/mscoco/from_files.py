"""Reads MS-COCO from its official files."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tfrecords_tools.building.source import Split
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mscoco.content import Content, example
from tfrecords_tools.mscoco.layout import OfficialHalf, annotation_file, find_year, read_half
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import sha256


def from_files(raw: Path, settings: MscocoSettings) -> Content:
    """Parses the annotation files in `raw`.

    Raises:
        UserError: raw files are missing or broken.
    """
    if not raw.is_dir():
        raise UserError(f"raw folder must exist. Received: {raw}, which does not. Pass --raw.")
    year = settings.year or find_year(raw)
    train, val = (read_half(raw, f"{half}{year}") for half in ("train", "val"))
    _check_halves(raw, train, val)
    held_out = [image for image in train.images if is_held_out(str(image), settings.validation_share)]
    training = sorted(set(train.images) - set(held_out))
    chosen = {"train": (train, training), "validation": (train, held_out), "test": (val, list(val.images))}
    return Content(
        year=year,
        labels=tuple(train.categories.values()),
        splits={
            name: Split(len(ids), partial(_examples, part, ids, settings))
            for name, (part, ids) in chosen.items()
        },
        origin={"annotations": _digests(raw, year)},
        defects=train.defects + val.defects,
    )


def _check_halves(raw: Path, train: OfficialHalf, val: OfficialHalf) -> None:
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


def _examples(part: OfficialHalf, ids: list[int], settings: MscocoSettings) -> Iterator[Example]:
    for image in ids:
        seen = part.labels.get(image, frozenset())
        yield example(
            image,
            part.images[image],
            labels=(name for category, name in part.categories.items() if category in seen),
            captions=part.captions.get(image, ()),
            settings=settings,
        )
