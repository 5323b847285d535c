"""Training batches from images decoded and resized once: to the last bit those of `ImageBatches`."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.batches import ImageBatches, order_of, seed_of
from mmannot_tf.data.sharing import Share, dealt
from tfrecords_tools.reading.record_index import numbers


@dataclass(frozen=True, eq=False)
class CachedBatches:
    """`ImageBatches.epoch` of images in an array; what is shuffled are the numbers of its rows.

    Attributes:
        images: whose training batches; not cropped, as crops need the images as they were.
        pixels: the training split as network input, in the records' fixed order, float32 [N, S, S, 3]; in
            memory or mapped from a file.
        arrays: the rest of the split in the same order, with the tags of `images.vocabulary`, if any.
    """

    images: ImageBatches
    pixels: np.ndarray
    arrays: SplitArrays

    def epoch(self, *, seed: int, epoch: int, skip: int = 0, share: Share | None = None) -> tf.data.Dataset:
        """The batches of `images.epoch`."""
        size, order = self.images.batch_size, order_of(seed, epoch)
        held = self.images.held(self._rows(order).enumerate(), skip, share)
        batches = self._read(held, order).batch(size if share is None else share.of(size))
        batches = batches.map(self._assembled()).prefetch(tf.data.AUTOTUNE)
        return batches if share is None else dealt(batches, share)

    def parts(self, *, seed: int, epoch: int, share: Share | None = None) -> dict[str, tf.data.Dataset]:
        """The pipeline of `epoch` cut short, as `ImageBatches.parts`; nothing is decoded any more."""
        order = order_of(seed, epoch)
        return {"read": self._read(self.images.held(self._rows(order).enumerate(), 0, share), order)}

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The images' ids of one training batch of all replicas together, `step` counted from 0."""
        return self.images.ids(seed=seed, epoch=epoch, step=step)

    def _rows(self, order: int) -> tf.data.Dataset:
        """The row of each example of an epoch."""
        row_of = tf.constant(self._row_of)
        shuffled = self.images.shuffled(numbers(self.images.records, "train", seed=order), order)
        return shuffled.map(lambda number: row_of[number])

    @cached_property
    def _row_of(self) -> np.ndarray:
        """The row of each example's number."""
        batches = numbers(self.images.records, "train").batch(2**14)
        return np.argsort(np.concatenate(list(batches.as_numpy_iterator())))

    def _read(self, rows: tf.data.Dataset, order: int) -> tf.data.Dataset:
        def ready(place: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = tf.numpy_function(self._copied, [row], tf.float32, stateful=False)
            image = tf.ensure_shape(image, self.pixels.shape[1:])
            return self.images.flipped(image, seed_of(order, place)), row

        return rows.map(ready, num_parallel_calls=tf.data.AUTOTUNE)

    def _copied(self, row: np.ndarray) -> np.ndarray:
        """A row, read here: numpy lets other threads go on meanwhile, TensorFlow would not."""
        return np.array(self.pixels[row])

    def _assembled(self) -> Any:
        labels, tags = tf.constant(self.arrays.labels), tf.constant(self.arrays.tag_lists)

        def assemble(images: tf.Tensor, rows: tf.Tensor) -> tuple[Any, Any]:
            of_rows = tf.cast(tf.gather(labels, rows), tf.float32)
            return self.images.assembled(images, of_rows, tf.gather(tags, rows))

        return assemble
