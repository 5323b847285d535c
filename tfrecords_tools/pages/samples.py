"""Selects a few examples of each split and makes thumbnails of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfrecords_tools.pages.thumbnail import thumbnail
from tfrecords_tools.reading.example import undecoded
from tfrecords_tools.reading.records import (
    Records,
    check_label_ids,
    data_loss_as_user_error,
    record_features,
)
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds


@dataclass(frozen=True)
class Sample:
    """An example as the page shows it.

    Attributes:
        id: the image's id.
        image: the upright thumbnail as a `data:` URI; empty for a vector.
        width: of the thumbnail, in pixels.
        height: of the thumbnail, in pixels.
        labels: names of the labels.
        tags: the tags.
        groups: the groups; empty if the records have none.
        unknown: of how many labels nothing is known.
    """

    id: str
    image: str
    width: int
    height: int
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    unknown: int = 0


def samples(records: Records, *, per_split: int) -> dict[str, list[Sample]]:
    """Up to `per_split` examples of every split, evenly spaced over its records; the same in every call.

    Reads each shard only up to its last sample.

    Raises:
        UserError: a shard is corrupt, or an image does not decode.
    """
    import tensorflow_datasets as tfds

    with quiet_tfds():
        splits = tfds.builder_from_directory(records.path).info.splits
        features = record_features(records)
    chosen = {}
    for split in records.splits:
        lengths = splits[split].shard_lengths
        positions = evenly_spaced(sum(lengths), per_split)
        with data_loss_as_user_error(records):
            serialized = [*_serialized(splits[split].filepaths, lengths, positions)]
        chosen[split] = [_sample(records, features, record) for record in serialized]
    return chosen


def evenly_spaced(total: int, count: int) -> list[int]:
    """The middles of `count` equal parts of `range(total)`; all of it if it is not longer."""
    count = min(count, total)
    return [(2 * number + 1) * total // (2 * count) for number in range(count)]


def _serialized(
    shards: Sequence[str], lengths: Sequence[int], positions: Sequence[int]
) -> Iterator[tf.Tensor]:
    """The records at increasing `positions`, counted through all shards."""
    import tensorflow as tf

    first = 0
    for shard, length in zip(shards, lengths, strict=True):
        wanted = {position - first for position in positions if first <= position < first + length}
        if wanted:
            records = tf.data.TFRecordDataset(str(shard)).take(max(wanted) + 1)
            yield from (record for position, record in enumerate(records) if position in wanted)
        first += length


def _sample(records: Records, features: tfds.features.FeaturesDict, serialized: tf.Tensor) -> Sample:
    example = features.deserialize_example(serialized, decoders=undecoded(features))
    name = example["id"].numpy().decode()
    uri, (width, height) = "", (0, 0)
    if not records.vectors:
        uri, (width, height) = thumbnail(records, name, example["image"].numpy())
    ids = example["labels"].numpy().tolist()
    check_label_ids(records, name, ids)
    return Sample(
        id=name,
        image=uri,
        width=width,
        height=height,
        labels=tuple(records.labels[label] for label in ids),
        tags=_words(example, "tags"),
        groups=_words(example, "groups"),
        unknown=len(example["unknown"]) if "unknown" in example else 0,
    )


def _words(example: Mapping[str, tf.Tensor], field: str) -> tuple[str, ...]:
    return tuple(word.decode() for word in example[field].numpy().tolist()) if field in example else ()
