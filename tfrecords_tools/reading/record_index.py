"""Records one by one, where they lie in their files: a process of several reads its share of them only."""

import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

# The layout of a TFRecord file: length, its checksum, the record, its checksum.
HEAD, TAIL = 12, 4
SHARDS_AT_ONCE, RECORDS_AT_ONCE = 16, 16
"""How TFDS interleaves shards; `places` must come in the order of `records.read`."""
BUFFER_BYTES = 2**18
"""Read at a time (ours): more than a usual JPEG, far less than a shard."""


def offsets(path: Path) -> np.ndarray:
    """Where each record of a TFRecord file begins, int64 [N]; only the records' lengths are read, once."""
    state = path.stat()
    return _offsets(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _offsets(path: Path, size: int, _: int) -> np.ndarray:
    found, place = [], 0
    with path.open("rb", buffering=0) as file:
        while place + HEAD <= size:
            found.append(place)
            (length,) = struct.unpack("<Q", os.pread(file.fileno(), 8, place))
            place += HEAD + length + TAIL
    return np.array(found, np.int64)


def numbers(records: Records, split: str, *, seed: int | None = None) -> tf.data.Dataset:
    """The examples of a split by their number, in the order in which `records.read` gives them.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: as for `records.read`.

    Returns:
        Elements int64 []: which example, counted from 0 through the split's files one after another.
    """
    info = _builder(records).info
    counts = np.array([len(offsets(file)) for file in _files(info, split)], np.int64)
    shards = tf.data.Dataset.from_tensor_slices((np.cumsum(counts) - counts, counts))
    if seed is not None:
        shards = shards.shuffle(len(counts), seed=seed, reshuffle_each_iteration=False)
    return shards.interleave(
        lambda first, count: tf.data.Dataset.range(first, first + count),
        cycle_length=1 if info.disable_shuffling else SHARDS_AT_ONCE,
        block_length=RECORDS_AT_ONCE,
    )


def places(records: Records, split: str, *, seed: int | None = None) -> tf.data.Dataset:
    """Where each example of a split lies, in the order in which `records.read` gives them.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: as for `records.read`.

    Returns:
        Elements (file, string []; byte offset, int64 []).
    """
    files = _files(_builder(records).info, split)
    found = [offsets(file) for file in files]
    every, names = tf.constant(np.concatenate(found)), tf.constant([str(file) for file in files])
    firsts = tf.constant(np.cumsum([0, *map(len, found[:-1])]))

    def place(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        file = tf.searchsorted(firsts, number[tf.newaxis], side="right")[0] - 1
        return names[file], every[number]

    return numbers(records, split, seed=seed).map(place)


def read_places(records: Records, numbered: tf.data.Dataset) -> tf.data.Dataset:
    """The examples that lie at given places, in their order, checksums checked.

    Several are read at a time, from whatever shards the places are in; the order is kept all the same.

    Args:
        records: from `open_records`.
        numbered: elements (number, (file, byte offset)), as `places(…).enumerate()` gives them.

    Returns:
        Elements (number, example as `records.read` gives it, images still encoded).
    """
    import tensorflow_datasets as tfds

    features, decoders = _builder(records).info.features, {"image": tfds.decode.SkipDecoding()}

    def one(number: tf.Tensor, place: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, Any]:
        file, offset = place
        here = tf.raw_ops.TFRecordDatasetV2(
            filenames=[file],
            compression_type="",
            buffer_size=BUFFER_BYTES,
            byte_offsets=[offset],
        )
        serialized = tf.data.experimental.from_variant(here, tf.TensorSpec([], tf.string))
        record = serialized.take(1).get_single_element()
        return number, features.deserialize_example(record, decoders=decoders)

    return numbered.map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _files(info: Any, split: str) -> list[Path]:
    return [Path(one.filename) for one in info.splits[split].file_instructions]


def _builder(records: Records) -> Any:
    import tensorflow_datasets as tfds

    with quiet_tfds():
        return tfds.builder_from_directory(records.path)
