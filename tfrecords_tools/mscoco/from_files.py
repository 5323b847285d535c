"""Reads MS-COCO from its official files."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tfrecords_tools.building.source import Split, check_raw_folder
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mscoco.content import Content, example
from tfrecords_tools.mscoco.layout import OfficialHalf, annotation_file, find_year, read_half
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import sha256
from tfrecords_tools.shell.listing import listed

HALVES = {"train": "train", "validation": "train", "test": "val"}
"""The official half that each split is a part of."""
SHOWN = 10
"""Most categories that a message lists."""


def from_files(raw: Path, settings: MscocoSettings) -> Content:
    """Parses the annotation files in `raw`.

    Raises:
        UserError: raw files are missing or broken.
    """
    check_raw_folder(raw)
    year = settings.year or find_year(raw)
    train, val = (read_half(raw, f"{half}{year}") for half in ("train", "val"))
    _check_categories(raw, train, val)
    both = not train.images.keys().isdisjoint(val.images)  # tools that are not COCO's count each file from 1
    held_out = [image for image in train.images if is_held_out(str(image), settings.validation_share)]
    training = sorted(set(train.images) - set(held_out))
    chosen = {"train": (train, training), "validation": (train, held_out), "test": (val, list(val.images))}
    prefixes = {name: f"{half}{year}/" if both else "" for name, half in HALVES.items()}
    return Content(
        year=year,
        labels=tuple(train.categories.values()),
        splits={
            name: Split(len(ids), partial(_examples, part, ids, settings, prefixes[name]))
            for name, (part, ids) in chosen.items()
        },
        origin={"annotations": _digests(raw, year)},
        defects=train.defects + val.defects,
        repeated={
            file: tuple(f"{prefixes[split]}{image}" for image in images)
            for split, part in (("train", train), ("test", val))
            for file, images in _repeated(part).items()
        },
        notes=tuple(_notes(train, training)),
    )


def _check_categories(raw: Path, train: OfficialHalf, val: OfficialHalf) -> None:
    if train.categories != val.categories:
        differences = "; ".join(
            f"only {name} has {listed([f'{key} {label!r}' for key, label in alone], SHOWN)}"
            for name, alone in (
                ("train", sorted(train.categories.items() - val.categories.items())),
                ("val", sorted(val.categories.items() - train.categories.items())),
            )
            if alone
        )
        raise UserError(
            f"train and val must have the same categories. Received: {raw}: {differences}. "
            "List all categories in both files, with the same ids."
        )


def _repeated(part: OfficialHalf) -> dict[str, list[int]]:
    """The images of a half that have one file, by the file's name."""
    images: defaultdict[Path, list[int]] = defaultdict(list)
    for image, path in part.images.items():
        images[path].append(image)
    return {f"{path.parent.name}/{path.name}": same for path, same in images.items() if len(same) > 1}


def _notes(train: OfficialHalf, training: list[int]) -> Iterator[str]:
    """Names the categories that no training image has, such as a root that groups the others."""
    used = frozenset[int]().union(*(train.labels.get(image, ()) for image in training))
    unused = [repr(name) for category, name in train.categories.items() if category not in used]
    if unused:
        yield f"no training image has {listed(unused, SHOWN)}"


def _digests(raw: Path, year: int) -> dict[str, str]:
    paths = [
        annotation_file(raw, kind, f"{half}{year}")
        for kind in ("instances", "captions")
        for half in ("train", "val")
    ]
    return {path.name: sha256(path) for path in paths}


def _examples(part: OfficialHalf, ids: list[int], settings: MscocoSettings, prefix: str) -> Iterator[Example]:
    for image in ids:
        seen = part.labels.get(image, frozenset())
        yield example(
            f"{prefix}{image}",
            part.images[image],
            labels=(name for category, name in part.categories.items() if category in seen),
            captions=part.captions.get(image, ()),
            settings=settings,
        )
