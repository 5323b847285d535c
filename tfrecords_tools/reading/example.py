"""`Example`, one labelled and tagged image; the record made of it; the record's features and digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from tfrecords_tools.shell.files import digest
from tfrecords_tools.tag_rule.rule import unique_tags

if TYPE_CHECKING:
    import numpy as np
    import tensorflow_datasets as tfds


class Record(TypedDict):
    """The content of a record, as `RecordsBuilder` writes it."""

    id: str
    image: bytes
    labels: list[str]
    tags: list[str]
    groups: NotRequired[list[str]]
    unknown: NotRequired[list[str]]


class NumpyRecord(TypedDict):
    """A record as TFDS reads it, its image still encoded."""

    id: bytes
    image: bytes
    labels: np.ndarray
    tags: np.ndarray
    groups: NotRequired[np.ndarray]
    unknown: NotRequired[np.ndarray]


@dataclass(frozen=True)
class Example:
    """One labelled and tagged image; every source yields these.

    Attributes:
        id: unique over all splits of the source.
        image: the encoded image, or the path of its file.
        labels: names of the image's labels in order; duplicates are dropped.
        tags: the user's words, normalised by the tag rule (docs/tags.md); empty tags and duplicates are
            dropped.
        groups: names of the photograph's groups; None if the source has no groups.
        unknown: names of the labels of which nobody knows whether the image has them, in order; None if the
            source knows that of every label.
    """

    id: str
    image: Path | bytes
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", unique_tags(self.tags))
        object.__setattr__(self, "labels", tuple(dict.fromkeys(self.labels)))
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(dict.fromkeys(self.groups)))

    @property
    def file(self) -> str:
        """The image's name in reports: its file name, or the id of an image in memory."""
        return self.image.name if isinstance(self.image, Path) else self.id

    def record(self, image: bytes) -> Record:
        """The example's record; `image` is the content of its file."""
        record: Record = {"id": self.id, "image": image, "labels": list(self.labels), "tags": list(self.tags)}
        if self.groups is not None:
            record["groups"] = list(self.groups)
        if self.unknown is not None:
            record["unknown"] = list(self.unknown)
        return record


def decoded_record(stored: NumpyRecord, labels: Sequence[str]) -> Record:
    """The record as it was before it was written.

    Args:
        stored: the record as TFDS reads it.
        labels: all label names.

    Raises:
        ValueError: a label id has no name, a label is given and unknown, or a word is no UTF-8.
    """
    record: Record = {
        "id": stored["id"].decode(),
        "image": stored["image"],
        "labels": _names(stored["labels"], labels),
        "tags": [tag.decode() for tag in stored["tags"].tolist()],
    }
    if "groups" in stored:
        record["groups"] = [group.decode() for group in stored["groups"].tolist()]
    if "unknown" in stored:
        record["unknown"] = _names(stored["unknown"], labels)
        if both := {*record["labels"]} & {*record["unknown"]}:
            raise ValueError(f"a label must not be given and unknown, received {sorted(both)}")
    return record


def _names(ids: np.ndarray, labels: Sequence[str]) -> list[str]:
    places = ids.tolist()
    if not all(0 <= label < len(labels) for label in places):
        raise ValueError(f"label ids must lie in 0..{len(labels) - 1}, received {places}")
    return [labels[label] for label in places]


def fingerprint(record: Record, content: str | None = None) -> str:
    """The SHA-256 of a record, from the names of its labels, not their ids.

    Args:
        record: from `Example.record`.
        content: the SHA-256 of the image's bytes in hexadecimal, if already known.
    """
    image = content or hashlib.sha256(record["image"]).hexdigest()
    groups = [record["groups"]] if "groups" in record else []
    unknown = [{"unknown": record["unknown"]}] if "unknown" in record else []
    return digest([record["id"], image, record["labels"], record["tags"], *groups, *unknown])


def content_digest(labels: Sequence[str], fingerprints: Mapping[str, Sequence[str]]) -> str:
    """The digest of a data set, from its labels and the fingerprints of each split, in any order."""
    splits = {name: sorted(records) for name, records in fingerprints.items()}
    return digest({"labels": list(labels), "splits": splits})


def features(
    labels: tuple[str, ...], *, has_groups: bool = False, has_unknown: bool = False
) -> tfds.features.FeaturesDict:
    """The features of a record: the original encoded image, an id, label ids and tag strings.

    Args:
        labels: all label names; a label's index is its id.
        has_groups: whether the records also have group names.
        has_unknown: whether the records also have the ids of labels of which nothing is known.
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
    if has_unknown:
        fields["unknown"] = tfds.features.Sequence(tfds.features.ClassLabel(names=list(labels)))
    return tfds.features.FeaturesDict(fields)
