"""Records one by one, where they lie in their files: a process of several reads its share of them only."""

import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrecords_tools.quiet import quiet_tfds
from tfrecords_tools.records import Records

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


def places(records: Records, split: str, *, seed: int | None = None) -> tf.data.Dataset:
    """Where each example of a split lies, in the order in which `records.read` gives them.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: as for `records.read`.

    Returns:
        Elements (file, string []; byte offset, int64 []).
    """
    info = _builder(records).info
    files = [Path(one.filename) for one in info.splits[split].file_instructions]
    counts = np.array([len(offsets(file)) for file in files], np.int64)
    every = tf.constant(np.concatenate([offsets(file) for file in files]))
    shards = tf.data.Dataset.from_tensor_slices(
        ([str(file) for file in files], np.cumsum(counts) - counts, counts)
    )
    if seed is not None:
        shards = shards.shuffle(len(files), seed=seed, reshuffle_each_iteration=False)
    return shards.interleave(
        lambda file, first, count: tf.data.Dataset.range(first, first + count).map(
            lambda number: (file, every[number])
        ),
        cycle_length=1 if info.disable_shuffling else SHARDS_AT_ONCE,
        block_length=RECORDS_AT_ONCE,
    )


def read_places(records: Records, numbered: tf.data.Dataset) -> tf.data.Dataset:
    """The examples that lie at given places, in their order, checksums checked.

    Args:
        records: from `open_records`.
        numbered: elements (number, (file, byte offset)), as `places(…).enumerate()` gives them.

    Returns:
        Elements (number, example as `records.read` gives it, images still encoded).
    """
    import tensorflow_datasets as tfds

    features, decoders = _builder(records).info.features, {"image": tfds.decode.SkipDecoding()}

    def one(number: tf.Tensor, place: tuple[tf.Tensor, tf.Tensor]) -> tf.data.Dataset:
        file, offset = place
        here = tf.raw_ops.TFRecordDatasetV2(
            filenames=[file],
            compression_type="",
            buffer_size=BUFFER_BYTES,
            byte_offsets=[offset],
        )
        serialized = tf.data.experimental.from_variant(here, tf.TensorSpec([], tf.string))
        return serialized.take(1).map(lambda record: (number, record))

    return numbered.flat_map(one).map(
        lambda number, record: (number, features.deserialize_example(record, decoders=decoders)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def _builder(records: Records) -> Any:
    import tensorflow_datasets as tfds

    with quiet_tfds():
        return tfds.builder_from_directory(records.path)
