"""One labelled, tagged image before it becomes a record, and the record's features."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrecords_tools.shell.files import digest

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


@dataclass(frozen=True)
class Example:
    """What every source yields.

    Attributes:
        id: unique over all splits of the source.
        image: the encoded file itself, or where it lies.
        labels: names of the image's labels; repeated ones are kept once, in order.
        tags: the user's words; made lower-case and stripped here, empty and repeated ones left out.
        groups: names of the groups the photograph was put in, or None where the source knows no groups.
    """

    id: str
    image: Path | bytes
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        tags = (tag.strip().lower() for tag in self.tags)
        object.__setattr__(self, "tags", tuple(dict.fromkeys(tag for tag in tags if tag)))
        object.__setattr__(self, "labels", tuple(dict.fromkeys(self.labels)))
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(dict.fromkeys(self.groups)))

    @property
    def file(self) -> str:
        """What a report calls the image: its file's name, or the id of an image made in memory."""
        return self.image.name if isinstance(self.image, Path) else self.id

    def record(self, image: bytes) -> dict[str, Any]:
        """The record's content, `image` being the checked bytes of the file."""
        record = {"id": self.id, "image": image, "labels": list(self.labels), "tags": list(self.tags)}
        return record if self.groups is None else {**record, "groups": list(self.groups)}


def stored(features: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """The record that was stored, from what TFDS reads back.

    Args:
        features: of one example, images still encoded, as numpy values.
        labels: all label names.

    Raises:
        ValueError: a label id has no name, or a word is no UTF-8.
    """
    places = features["labels"].tolist()
    if not all(0 <= place < len(labels) for place in places):
        raise ValueError(f"label ids must lie in 0..{len(labels) - 1}, received {places}")
    words = [field for field in ("tags", "groups") if field in features]
    return {
        "id": features["id"].decode(),
        "image": features["image"],
        "labels": [labels[place] for place in places],
        **{field: [word.decode() for word in features[field].tolist()] for field in words},
    }


def fingerprint(record: Mapping[str, Any], content: str | None = None) -> str:
    """A SHA-256 of a record; label names, not their ids, are what counts.

    Args:
        record: from `Example.record`.
        content: the SHA-256 of the image's bytes in hexadecimal, where it is known already.
    """
    image = content or hashlib.sha256(record["image"]).hexdigest()
    words = [list(record[field]) for field in ("labels", "tags", "groups") if field in record]
    return digest([record["id"], image, *words])


def content_digest(labels: Sequence[str], fingerprints: Mapping[str, Sequence[str]]) -> str:
    """The digest of a whole set: its labels and, by split, its records' fingerprints in any order."""
    return digest(
        {"labels": list(labels), "splits": {name: sorted(all_) for name, all_ in fingerprints.items()}}
    )


def features(labels: tuple[str, ...], *, has_groups: bool = False) -> tfds.features.FeaturesDict:
    """The features of a record: the original encoded image, an id, label ids and tag strings.

    Args:
        labels: all label names; a label's place is its id.
        has_groups: whether the records also bear group names.
    """
    import tensorflow_datasets as tfds

    fields = {
        "id": tfds.features.Text(),
        "image": tfds.features.Image(shape=(None, None, 3)),
        "labels": tfds.features.Sequence(tfds.features.ClassLabel(names=list(labels))),
        "tags": tfds.features.Sequence(tfds.features.Text()),
    }
    if has_groups:
        fields["groups"] = tfds.features.Sequence(tfds.features.Text())
    return tfds.features.FeaturesDict(fields)
