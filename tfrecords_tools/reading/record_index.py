"""Reads single records by their byte offset, so that each of several processes reads only its share."""

import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrecords_tools.reading.example import undecoded
from tfrecords_tools.reading.records import RECORDS_AT_ONCE, SHARDS_AT_ONCE, Records, tfds_split
from tfrecords_tools.shell.files import FileState, file_state
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

HEAD, TAIL = 12, 4
"""Bytes around a record in a TFRecord file: its length with a checksum before it, its checksum after it."""
BUFFER_BYTES = 2**18
"""Read at a time (ours): more than a usual JPEG, far less than a shard."""


def record_offsets(path: Path) -> np.ndarray:
    """The byte offset of each record of a TFRecord file, int64 [N]; reads only the records' lengths."""
    return _offsets(path, file_state(path))


@lru_cache(maxsize=4096)
def _offsets(path: Path, state: FileState) -> np.ndarray:
    offsets, offset = [], 0
    with path.open("rb", buffering=0) as file:
        while offset + HEAD <= state.size:
            offsets.append(offset)
            (length,) = struct.unpack("<Q", os.pread(file.fileno(), 8, offset))
            offset += HEAD + length + TAIL
    return np.array(offsets, np.int64)


def record_numbers(records: Records, split: str, *, seed: int | None = None) -> tf.data.Dataset:
    """The numbers of a split's examples, in the order of `records.read`.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: as for `records.read`.

    Returns:
        Elements int64 []: an example's number, counted from 0 through all files of the split.
    """
    counts = np.array([len(record_offsets(file)) for file in _files(records, split)], np.int64)
    shards = tf.data.Dataset.from_tensor_slices((np.cumsum(counts) - counts, counts))
    if seed is not None:
        shards = shards.shuffle(len(counts), seed=seed, reshuffle_each_iteration=False)
    return shards.interleave(
        lambda first, count: tf.data.Dataset.range(first, first + count),
        cycle_length=SHARDS_AT_ONCE,
        block_length=RECORDS_AT_ONCE,
    )


def record_positions(records: Records, split: str, *, seed: int | None = None) -> tf.data.Dataset:
    """The file and byte offset of a split's examples, in the order of `records.read`.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: as for `records.read`.

    Returns:
        Elements (file, string []; byte offset, int64 []).
    """
    files = _files(records, split)
    by_file = [record_offsets(file) for file in files]
    offsets, names = tf.constant(np.concatenate(by_file)), tf.constant([str(file) for file in files])
    firsts = tf.constant(np.cumsum([0, *map(len, by_file[:-1])]))

    def position(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        file = tf.searchsorted(firsts, number[tf.newaxis], side="right")[0] - 1
        return names[file], offsets[number]

    return record_numbers(records, split, seed=seed).map(position)


def read_at_positions(records: Records, numbered: tf.data.Dataset) -> tf.data.Dataset:
    """Reads the examples at given positions in their order, and checks their checksums.

    Reads several examples in parallel, from any of the shards.

    Args:
        records: from `open_records`.
        numbered: elements (number, (file, byte offset)), as from `record_positions(…).enumerate()`.

    Returns:
        Elements (number, example as from `records.read`), images still encoded.
    """
    features = _builder(records).info.features
    decoders = undecoded(features)

    def example(number: tf.Tensor, position: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, Any]:
        file, offset = position
        rest_of_shard = tf.raw_ops.TFRecordDatasetV2(
            filenames=[file],
            compression_type="",
            buffer_size=BUFFER_BYTES,
            byte_offsets=[offset],
        )
        serialized = tf.data.experimental.from_variant(rest_of_shard, tf.TensorSpec([], tf.string))
        record = serialized.take(1).get_single_element()
        return number, features.deserialize_example(record, decoders=decoders)

    return numbered.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _files(records: Records, split: str) -> list[Path]:
    shards = _builder(records).info.splits[tfds_split(records, split)].file_instructions
    return [Path(shard.filename) for shard in shards]


def _builder(records: Records) -> Any:
    import tensorflow_datasets as tfds

    with quiet_tfds():
        return tfds.builder_from_directory(records.path)
