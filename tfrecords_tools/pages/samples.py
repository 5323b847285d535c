"""A few examples of each split to look at, small enough to lie within a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfrecords_tools.pages.thumbnail import thumbnail
from tfrecords_tools.reading.example import features
from tfrecords_tools.reading.records import Records, reading
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Sample:
    """One example as a page shows it.

    Attributes:
        id: the image's.
        image: its thumbnail as a `data:` URI; the pixels as the network gets them, EXIF rotation left out.
        width: of the thumbnail, in pixels.
        height: of the thumbnail, in pixels.
        labels: their names.
        tags: as recorded.
        groups: as recorded; empty where the records bear none.
    """

    id: str
    image: str
    width: int
    height: int
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]


def samples(records: Records, *, each: int) -> dict[str, list[Sample]]:
    """Up to `each` examples of every split, evenly spread over its records; the same ones each time.

    Reads no further into a shard than to the last example it gives.

    Raises:
        UserError: a shard is corrupt, or an image does not decode.
    """
    import tensorflow_datasets as tfds

    with quiet_tfds():
        splits = tfds.builder_from_directory(records.path).info.splits
        form = features(records.labels, has_groups=records.has_groups)
    chosen = {}
    for split in records.splits:
        lengths = splits[split].shard_lengths
        places = spread(sum(lengths), each)
        with reading(records):
            serialized = [*_serialized(splits[split].filepaths, lengths, places)]
        chosen[split] = [_sample(records, form, one) for one in serialized]
    return chosen


def spread(total: int, count: int) -> list[int]:
    """The middles of `count` equal stretches of `range(total)`; all places where there are no more."""
    count = min(count, total)
    return [(2 * number + 1) * total // (2 * count) for number in range(count)]


def _serialized(shards: Sequence[str], lengths: Sequence[int], places: Sequence[int]) -> Iterator[tf.Tensor]:
    """The records at increasing `places` of the shards laid end to end."""
    import tensorflow as tf

    first = 0
    for shard, length in zip(shards, lengths, strict=True):
        wanted = {place - first for place in places if first <= place < first + length}
        if wanted:
            records = tf.data.TFRecordDataset(str(shard)).take(max(wanted) + 1)
            yield from (record for place, record in enumerate(records) if place in wanted)
        first += length


def _sample(records: Records, form: Any, serialized: tf.Tensor) -> Sample:
    import tensorflow_datasets as tfds

    example = form.deserialize_example(serialized, decoders={"image": tfds.decode.SkipDecoding()})
    name = example["id"].numpy().decode()
    uri, (width, height) = thumbnail(records, name, example["image"].numpy())
    return Sample(
        id=name,
        image=uri,
        width=width,
        height=height,
        labels=tuple(records.labels[place] for place in example["labels"].numpy().tolist()),
        tags=_words(example, "tags"),
        groups=_words(example, "groups"),
    )


def _words(example: Mapping[str, Any], field: str) -> tuple[str, ...]:
    return tuple(word.decode() for word in example[field].numpy().tolist()) if field in example else ()
