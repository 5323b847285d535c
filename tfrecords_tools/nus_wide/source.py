"""NUS-WIDE's official files as a source of records."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.nus_wide import layout
from tfrecords_tools.nus_wide.groups import read_groups
from tfrecords_tools.nus_wide.image_lists import photo_id, record_id, repeated_photos
from tfrecords_tools.nus_wide.images import Images, read_images
from tfrecords_tools.nus_wide.protocols import PROTOCOLS, Protocol, training_mask
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest, sha256

Groups = Mapping[str, tuple[str, ...]]
"""Names of groups by photo id."""


def nus_wide_source(settings: NusWideSettings) -> RecordSource:
    """NUS-WIDE as a source; validation is a part of the protocol's training images.

    Raises:
        UserError: raw files are missing or broken.
    """
    layout.check_folders(settings.raw)
    protocol = PROTOCOLS[settings.protocol]
    images = read_images(settings.raw)
    groups = None if settings.groups is None else read_groups(settings.groups)
    hidden = frozenset(name.lower() for name in images.concepts if settings.drop_label_tags)
    rows = split_rows(images, protocol, settings.validation_share)
    return RecordSource(
        name="nus_wide",
        config=protocol.name,
        labels=images.concepts,
        settings={
            **settings.as_json(),
            "annotations": _digests(settings.raw, images.concepts),
            "groups": None if settings.groups is None else sha256(settings.groups),
        },
        splits={
            split: Split(len(chosen), partial(_examples, settings.raw, images, chosen, hidden, groups))
            for split, chosen in rows.items()
        },
        rules=protocol.rules(settings.rules),
        citation="Chua et al., NUS-WIDE: A Real-World Web Image Database, CIVR 2009.",
        published=protocol.published,
        defects=images.defects,
        raw=settings.raw,
        repeated=repeated_photos(images.files),
        notes=_check_groups(settings.groups, groups, images)
        if settings.groups and groups is not None
        else (),
        has_groups=groups is not None,
    )


def _check_groups(path: Path, groups: Groups, images: Images) -> tuple[str, ...]:
    """A note on photographs that are not listed; raises a UserError if none is listed."""
    unlisted = len(groups.keys() - map(photo_id, images.files))
    if unlisted == len(groups):
        raise UserError(
            f"groups file must contain listed photographs. Received: {path}: none of {unlisted} is listed. "
            "Pass another --groups."
        )
    return (f"photographs of {path.name} that are not listed: {unlisted}",) if unlisted else ()


def split_rows(images: Images, protocol: Protocol, validation_share: float) -> dict[str, np.ndarray]:
    """The rows of `images` in each split, in the order of the lists."""
    rows = np.arange(len(images.files))
    training = rows < images.train
    if protocol.share:
        eligible = images.labels.any(axis=1)
        if protocol.tagged_only:
            eligible &= images.tags.any(axis=1)
        rows = np.flatnonzero(eligible)
        training = training_mask(images.ids(rows), protocol.share)
    train = rows[training]
    held_out = np.array([is_held_out(name, validation_share) for name in images.ids(train)], bool)
    return {"train": train[~held_out], "validation": train[held_out], "test": rows[~training]}


def _digests(raw: Path, concepts: tuple[str, ...]) -> dict[str, str]:
    files = [layout.concepts_file(raw), layout.tag_list_file(raw)]
    files += [layout.image_list_file(raw, half) for half in layout.HALVES]
    files += [layout.tag_matrix_file(raw, half) for half in layout.HALVES]
    labels = {
        f"Labels_*_{half}.txt": digest([sha256(layout.label_file(raw, name, half)) for name in concepts])
        for half in layout.HALVES
    }
    return {**{path.name: sha256(path) for path in files}, **labels}


def _examples(
    raw: Path, images: Images, rows: np.ndarray, hidden: frozenset[str], groups: Groups | None
) -> Iterator[Example]:
    for row in rows:
        file = images.files[row]
        yield Example(
            id=record_id(file),
            image=layout.image_file(raw, file),
            labels=images.labels_of(row),
            tags=tuple(tag for tag in images.tags_of(row) if tag.lower() not in hidden),
            groups=None if groups is None else groups.get(photo_id(file), ()),
        )
