"""MS-COCO's official files as a source of records."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tfrecords_tools.errors import UserError
from tfrecords_tools.example import Example
from tfrecords_tools.files import sha256
from tfrecords_tools.mscoco.captions import words
from tfrecords_tools.mscoco.layout import Part, annotation_file, find_year, read_part
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.published import Published
from tfrecords_tools.source import Source, Split
from tfrecords_tools.splitting import is_held_out

PAPER = Published("the paper (Sec. IV-A1)", train=56_414, test=30_774)


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
    held_out = [image for image in train.images if is_held_out(str(image), settings.validation_share)]
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
        rules=settings.rules,
        citation="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014.",
        published=(PAPER,),
    )


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
