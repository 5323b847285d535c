"""tf.data pipelines: each a pure function of (seed, epoch, step), so a resumed run sees the same batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import tensorflow as tf

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.images import prepare
from mmannot_tf.data.tags import multi_hot, tag_table
from mmannot_tf.weights.provenance import Preprocessing
from tfrecords_tools.records import Records, read

Arrays = np.ndarray | Mapping[str, np.ndarray]

BUCKET_BATCHES = 50
"""How many batches' rows are sorted by length together: few enough to stay well shuffled (ours)."""


@dataclass(frozen=True)
class ImageBatches:
    """Batches of decoded images with their labels, from records.

    Attributes:
        records: where from.
        data: sizes, sampling, augmentation.
        preprocessing: what the backbone's weights were made with.
        batch_size: examples a batch; the last one of a pass may be smaller.
        shuffle_buffer: undecoded records held for shuffling.
        vocabulary: the T tags read beside the images; none for images alone. See `with_tags`.
    """

    records: Records
    data: DataSettings
    preprocessing: Preprocessing
    batch_size: int
    shuffle_buffer: int = 4096
    vocabulary: tuple[str, ...] = ()

    def with_tags(self, vocabulary: Sequence[str]) -> Self:
        """The same images in the same order with their tags beside them, and their quantity beside labels.

        Batches become ({"images": [B, S, S, 3], "tags": multi-hot [B, T]},
        {"labels": multi-hot [B, C], "quantity": [B]}), all float32.
        """
        return replace(self, vocabulary=tuple(vocabulary))

    def epoch(self, *, seed: int, epoch: int, skip: int = 0) -> tf.data.Dataset:
        """Shuffled training batches ([B, S, S, 3] float32, [B, C] float32), after the first `skip` ones."""
        order = int(np.random.default_rng((seed, epoch)).integers(2**31))
        examples = read(self.records, "train", seed=order)
        examples = examples.shuffle(self.shuffle_buffer, seed=order, reshuffle_each_iteration=False)
        examples = examples.enumerate().skip(skip * self.batch_size)
        return self._batched(examples, lambda index, image: self._augmented(image, (order, index)))

    def split(self, split: str) -> tf.data.Dataset:
        """A split's batches in the records' fixed order, nothing shuffled or augmented."""
        return self._batched(read(self.records, split).enumerate(), lambda _, image: image)

    def _batched(self, examples: tf.data.Dataset, finish) -> tf.data.Dataset:
        def ready(index, example):
            image = prepare(
                example["image"],
                size=self.data.image_size,
                sampling=self.data.resize,
                preprocessing=self.preprocessing,
            )
            return finish(index, image), *(example[words] for words in read_beside)

        read_beside = ("labels", "tags") if self.vocabulary else ("labels",)
        assemble = self._with_tags() if self.vocabulary else self._alone
        batches = examples.map(ready, num_parallel_calls=tf.data.AUTOTUNE).ragged_batch(self.batch_size)
        return batches.map(assemble).prefetch(tf.data.AUTOTUNE)

    def _alone(self, images: tf.Tensor, labels: tf.RaggedTensor) -> tuple:
        return images, multi_hot(labels, len(self.records.labels))

    def _with_tags(self) -> Callable[..., tuple]:
        table = tag_table(self.vocabulary)

        def assemble(images, labels, tags):
            known = multi_hot(tags.with_flat_values(table.lookup(tags.flat_values)), len(self.vocabulary))
            images, labels = self._alone(images, labels)
            return {"images": images, "tags": known}, {
                "labels": labels,
                "quantity": tf.reduce_sum(labels, axis=-1),
            }

        return assemble

    def _augmented(self, image: tf.Tensor, seed: tuple) -> tf.Tensor:
        if self.data.augmentation == "flip":
            return tf.image.stateless_random_flip_left_right(image, tf.cast(tf.stack(seed), tf.int32))
        return image


@dataclass(frozen=True)
class ArrayBatches:
    """Batches of rows of arrays in memory: tags, cached features, sequences, with their targets.

    Attributes:
        inputs: [N, …], or several by name. Integers of 32 and 64 bits stay what they are, all else becomes
            float32, a batch at a time.
        targets: likewise.
        batch_size: examples a batch; the last one of a pass may be smaller.
        finish: TensorFlow operations on each batch of (inputs, targets), in graph; None for nothing.
        lengths: [N]; training batches then hold examples of similar length. None for batches of any.
    """

    inputs: Arrays
    targets: Arrays
    batch_size: int
    finish: Callable[[Any, Any], tuple[Any, Any]] | None = None
    lengths: np.ndarray | None = None

    def epoch(self, *, seed: int, epoch: int, skip: int = 0) -> tf.data.Dataset:
        """Shuffled training batches, after the first `skip` ones."""
        generator = np.random.default_rng((seed, epoch))
        order = generator.permutation(self._count())
        if self.lengths is not None:
            order = bucketed(order, self.lengths, self.batch_size, generator)
        return self._batched(order[skip * self.batch_size :])

    def ordered(self) -> tf.data.Dataset:
        """All rows in order."""
        return self._batched(np.arange(self._count()))

    def _count(self) -> int:
        return len(tf.nest.flatten(self.inputs)[0])

    def _batched(self, order: np.ndarray) -> tf.data.Dataset:
        arrays = tf.nest.map_structure(tf.constant, (self.inputs, self.targets))

        def rows(indices):
            return tf.nest.map_structure(lambda array: _as_read(tf.gather(array, indices)), arrays)

        batches = tf.data.Dataset.from_tensor_slices(order).batch(self.batch_size)
        batches = batches.map(rows, num_parallel_calls=tf.data.AUTOTUNE)
        if self.finish is not None:
            finish = tf.autograph.experimental.do_not_convert(self.finish)
            batches = batches.map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        return batches.prefetch(tf.data.AUTOTUNE)


def bucketed(
    order: np.ndarray, lengths: np.ndarray, batch_size: int, generator: np.random.Generator
) -> np.ndarray:
    """An order of rows in which each whole batch holds rows of similar length.

    The shuffled rows are sorted by length within windows of some batches, and the batches are shuffled; what
    is left for a smaller last batch stays last.

    Args:
        order: shuffled row numbers, [N].
        lengths: of every row, [N].
        batch_size: rows a batch.
        generator: shuffles the batches.

    Returns:
        The same row numbers, [N].
    """
    whole = len(order) // batch_size * batch_size
    window = BUCKET_BATCHES * batch_size
    parts = [order[start : min(start + window, whole)] for start in range(0, whole, window)]
    rows = [part[np.argsort(lengths[part], kind="stable")] for part in parts]
    batches = np.concatenate([*rows, order[:0]]).reshape(-1, batch_size)
    return np.concatenate([generator.permutation(batches).reshape(-1), order[whole:]])


def _as_read(values: tf.Tensor) -> tf.Tensor:
    return values if values.dtype in (tf.int32, tf.int64) else tf.cast(values, tf.float32)
