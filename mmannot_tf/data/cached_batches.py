"""Training batches from images that are decoded and resized once; bit-exact those of `ImageBatches`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.image_batches import ImageBatches, seed_of_epoch, seed_of_example
from mmannot_tf.data.replicas import ReplicaRange, split_for_replicas
from tfrecords_tools.reading.record_index import record_numbers


@dataclass(frozen=True, eq=False)
class CachedBatches:
    """`ImageBatches.epoch`, with the decoded images in an array; it shuffles the numbers of the rows.

    Attributes:
        images: the training batches to reproduce; without crops, which need the original images.
        pixels: the training split as network input, in the records' fixed order, float32 [N, S, S, 3]; in
            memory or mapped from a file.
        arrays: labels and tags of the split in the same order, with the tags of `images.vocabulary`, if any.
    """

    images: ImageBatches
    pixels: np.ndarray
    arrays: SplitArrays

    def epoch(
        self, *, seed: int, epoch: int, skip: int = 0, replicas: ReplicaRange | None = None
    ) -> tf.data.Dataset:
        """The batches of `images.epoch`."""
        size, epoch_seed = self.images.batch_size, seed_of_epoch(seed, epoch)
        rows = self.images.local_examples(self._rows(epoch_seed).enumerate(), skip, replicas)
        batches = self._read(rows, epoch_seed).batch(size if replicas is None else replicas.count_in(size))
        batches = batches.map(self._assemble()).prefetch(tf.data.AUTOTUNE)
        return batches if replicas is None else split_for_replicas(batches, replicas)

    def partial_pipelines(
        self, *, seed: int, epoch: int, replicas: ReplicaRange | None = None
    ) -> dict[str, tf.data.Dataset]:
        """As `ImageBatches.partial_pipelines`, without the decoding."""
        epoch_seed = seed_of_epoch(seed, epoch)
        rows = self.images.local_examples(self._rows(epoch_seed).enumerate(), 0, replicas)
        return {"read": self._read(rows, epoch_seed)}

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The image ids of one training batch of all replicas together; `step` counts from 0."""
        return self.images.ids(seed=seed, epoch=epoch, step=step)

    def _rows(self, epoch_seed: int) -> tf.data.Dataset:
        """The row of `pixels` of each example of an epoch."""
        row_of = tf.constant(self._row_of)
        numbers = record_numbers(self.images.records, "train", seed=epoch_seed)
        shuffled = self.images.shuffled(numbers, epoch_seed)
        return shuffled.map(lambda number: row_of[number])

    @cached_property
    def _row_of(self) -> np.ndarray:
        """An example's number → its row of `pixels`, int64 [N]."""
        batches = record_numbers(self.images.records, "train").batch(2**14)
        return np.argsort(np.concatenate(list(batches.as_numpy_iterator())))

    def _read(self, rows: tf.data.Dataset, epoch_seed: int) -> tf.data.Dataset:
        def image_and_row(place: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = tf.numpy_function(self._copied, [row], tf.float32, stateful=False)
            image = tf.ensure_shape(image, self.pixels.shape[1:])
            return self.images.flipped(image, seed_of_example(epoch_seed, place)), row

        return rows.map(image_and_row, num_parallel_calls=tf.data.AUTOTUNE)

    def _copied(self, row: np.ndarray) -> np.ndarray:
        """A copy of a row. NumPy releases the interpreter lock while it reads; TensorFlow would hold it."""
        return np.array(self.pixels[row])

    def _assemble(self) -> Callable[[tf.Tensor, tf.Tensor], tuple[Any, Any]]:
        targets, tags = tf.constant(self.arrays.targets), tf.constant(self.arrays.tag_lists)

        def assemble(images: tf.Tensor, rows: tf.Tensor) -> tuple[Any, Any]:
            targets_of_rows = tf.cast(tf.gather(targets, rows), tf.float32)
            return self.images.assembled(images, targets_of_rows, tf.gather(tags, rows))

        return assemble
