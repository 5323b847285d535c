"""`Example`, one labelled and tagged image or vector; the record made of it; its features and digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from tfrecords_tools.shell.files import digest
from tfrecords_tools.tag_rule.rule import unique_tags

if TYPE_CHECKING:
    import numpy as np
    import tensorflow_datasets as tfds


class Record(TypedDict):
    """The content of a record, as `RecordsBuilder` writes it."""

    id: str
    image: NotRequired[bytes]
    vector: NotRequired[np.ndarray]
    labels: list[str]
    tags: list[str]
    groups: NotRequired[list[str]]
    unknown: NotRequired[list[str]]


class NumpyRecord(TypedDict):
    """A record as TFDS reads it, its image still encoded."""

    id: bytes
    image: NotRequired[bytes]
    vector: NotRequired[np.ndarray]
    labels: np.ndarray
    tags: np.ndarray
    groups: NotRequired[np.ndarray]
    unknown: NotRequired[np.ndarray]


@dataclass(frozen=True)
class Example:
    """One labelled and tagged image, or vector; every source yields these.

    Attributes:
        id: unique over all splits of the source.
        image: the encoded image, or the path of its file; empty for a vector.
        labels: names of the image's labels in order; duplicates are dropped.
        tags: the user's words, normalised by the tag rule (docs/tags.md); empty tags and duplicates are
            dropped.
        groups: names of the photograph's groups; None if the source has no groups.
        unknown: names of the labels of which nobody knows whether the image has them, in order; None if the
            source knows that of every label.
        vector: float32 [D], in place of an image; None for an image.
    """

    id: str
    image: Path | bytes
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None
    vector: np.ndarray | None = field(default=None, compare=False)

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
        """The example's record; `image` is the content of its file, if it has one."""
        record: Record = {"id": self.id, "labels": list(self.labels), "tags": list(self.tags)}
        if self.vector is None:
            record["image"] = image
        else:
            record["vector"] = self.vector
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
        "labels": _names(stored["labels"], labels),
        "tags": [tag.decode() for tag in stored["tags"].tolist()],
    }
    if "vector" in stored:
        record["vector"] = stored["vector"]
    else:
        record["image"] = stored["image"]
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
        content: the SHA-256 of the image's or the vector's bytes in hexadecimal, if already known.
    """
    if not content:
        content = vector_digest(record["vector"]) if "vector" in record else _digest(record["image"])
    groups = [record["groups"]] if "groups" in record else []
    unknown = [{"unknown": record["unknown"]}] if "unknown" in record else []
    return digest([record["id"], content, record["labels"], record["tags"], *groups, *unknown])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def vector_digest(vector: np.ndarray) -> str:
    """The SHA-256 of a vector's numbers, float32 in little-endian order."""
    return _digest(vector.astype("<f4").tobytes())


def content_digest(labels: Sequence[str], fingerprints: Mapping[str, Sequence[str]]) -> str:
    """The digest of a data set, from its labels and the fingerprints of each split, in any order."""
    splits = {name: sorted(records) for name, records in fingerprints.items()}
    return digest({"labels": list(labels), "splits": splits})


def features(
    labels: tuple[str, ...], *, has_groups: bool = False, has_unknown: bool = False, vector_size: int = 0
) -> tfds.features.FeaturesDict:
    """The features of a record: the original encoded image or a vector, an id, label ids and tag strings.

    Args:
        labels: all label names; a label's index is its id.
        has_groups: whether the records also have group names.
        has_unknown: whether the records also have the ids of labels of which nothing is known.
        vector_size: of the vectors that the records have in place of images; 0 for images.
    """
    import numpy as np
    import tensorflow_datasets as tfds

    image = ("image", tfds.features.Image(shape=(None, None, 3)))
    vector = ("vector", tfds.features.Tensor(shape=(vector_size,), dtype=np.float32))
    fields = {
        "id": tfds.features.Text(),
        **dict([vector if vector_size else image]),
        "labels": tfds.features.Sequence(tfds.features.ClassLabel(names=list(labels))),
        "tags": tfds.features.Sequence(tfds.features.Text()),
    }
    if has_groups:
        fields["groups"] = tfds.features.Sequence(tfds.features.Text())
    if has_unknown:
        fields["unknown"] = tfds.features.Sequence(tfds.features.ClassLabel(names=list(labels)))
    return tfds.features.FeaturesDict(fields)


def undecoded(record_features: tfds.features.FeaturesDict) -> dict[str, Any]:
    """TFDS' decoders that leave an image encoded; none for records of vectors."""
    import tensorflow_datasets as tfds

    return {"image": tfds.decode.SkipDecoding()} if "image" in record_features else {}
