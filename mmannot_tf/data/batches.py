"""tf.data pipelines: each a pure function of (seed, epoch, step), so a resumed run sees the same batches."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import tensorflow as tf

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.bucketing import bucketed
from mmannot_tf.data.cropping import decode_window
from mmannot_tf.data.images import decode, network_input
from mmannot_tf.data.sharing import Pass, Share, dealt
from mmannot_tf.data.tags import indices_of, multi_hot, tag_lists, tag_table
from mmannot_tf.weights.provenance import Preprocessing
from tfrecords_tools.reading.record_index import places, read_places
from tfrecords_tools.reading.records import Records, read

Arrays = np.ndarray | Mapping[str, np.ndarray]
Picture = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""(Place in the pass, int64 []; JPEG or PNG bytes, string []) → network input, float32 [S, S, 3]."""


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
        longest: L, as many of them as an image has at most.
    """

    records: Records
    data: DataSettings
    preprocessing: Preprocessing
    batch_size: int
    shuffle_buffer: int = 4096
    vocabulary: tuple[str, ...] = ()
    longest: int = 0

    def with_tags(self, vocabulary: Sequence[str], longest: int) -> Self:
        """The same images in the same order with their tags beside them, and their quantity beside labels.

        Batches become ({"images": float32 [B, S, S, 3], "tags": the lists of `data.tag_lists`, int32 [B, L]},
        {"labels": multi-hot float32 [B, C], "quantity": float32 [B]}). L is given, for every batch of another
        shape would be traced, and compiled, anew.
        """
        return replace(self, vocabulary=tuple(vocabulary), longest=longest)

    def epoch(self, *, seed: int, epoch: int, skip: int = 0, share: Share | None = None) -> tf.data.Dataset:
        """Shuffled training batches ([B, S, S, 3] float32, [B, C] float32), after the first `skip` ones.

        Of a share, its rows of these very batches, as `sharing.dealt` gives them; no others are read.
        """
        order = order_of(seed, epoch)
        rows = self.batch_size if share is None else share.of(self.batch_size)
        batches = self._batched(self._decoded(self._examples(order, skip, share), self._picture(order)), rows)
        return batches if share is None else dealt(batches, share)

    def parts(self, *, seed: int, epoch: int, share: Share | None = None) -> dict[str, tf.data.Dataset]:
        """The pipeline of `epoch` cut short, for its rates: what is done so far → one element an example."""
        order = order_of(seed, epoch)
        examples = self._examples(order, 0, share)
        return {"read": examples, "decode": self._decoded(examples, self._picture(order))}

    def _examples(self, order: int, skip: int, share: Share | None) -> tf.data.Dataset:
        """(Place in the epoch, example still encoded): those after `skip` batches, or a share's of them."""
        if share is None:
            examples = self.shuffled(read(self.records, "train", seed=order), order)
            return self.held(examples.enumerate(), skip, None)
        where = self.shuffled(places(self.records, "train", seed=order), order)
        return read_places(self.records, self.held(where.enumerate(), skip, share))

    def held(self, numbered: tf.data.Dataset, skip: int, share: Share | None) -> tf.data.Dataset:
        """Of (place in the epoch, …): those after `skip` batches, or a share's of them."""
        rest = numbered.skip(skip * self.batch_size)
        return rest if share is None else rest.filter(lambda at, _: share.holds(at % self.batch_size))

    def _picture(self, order: int) -> Picture:
        crops = self.data.augmentation in ("crop", "crop-flip")

        def picture(place: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
            pixels = decode_window(encoded, seed_of(order, place)) if crops else decode(encoded)
            return self.flipped(self._input(pixels), seed_of(order, place))

        return picture

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The images' ids of one training batch of all replicas together, `step` counted from 0."""
        order = order_of(seed, epoch)
        examples = self.shuffled(read(self.records, "train", seed=order), order)
        batch = examples.map(lambda example: example["id"]).skip(step * self.batch_size).take(self.batch_size)
        return tuple(one.decode() for one in batch.as_numpy_iterator())

    def shuffled(self, examples: tf.data.Dataset, order: int) -> tf.data.Dataset:
        """Training examples, or what stands for them, in an epoch's order; `order` from `order_of`."""
        return examples.shuffle(self.shuffle_buffer, seed=order, reshuffle_each_iteration=False)

    def split(self, split: str, share: Share | None = None) -> tf.data.Dataset:
        """A split's batches in the records' fixed order, nothing shuffled or augmented.

        Of a share, the batches that it holds; no others are read.
        """
        if share is None:
            examples = read(self.records, split).enumerate()
        else:
            where = places(self.records, split).enumerate()
            held = where.filter(lambda index, _: share.holds(index // self.batch_size))
            examples = read_places(self.records, held)
        decoded = self._decoded(examples, lambda _, encoded: self._input(decode(encoded)))
        return self._batched(decoded, self.batch_size)

    def one_pass(self, split: str) -> Pass:
        """`split`, as any number of replicas can go through it."""
        return Pass(lambda share: self.split(split, share), self.records.splits[split], self.batch_size)

    def _decoded(self, examples: tf.data.Dataset, picture: Picture) -> tf.data.Dataset:
        read_beside = ("labels", "tags") if self.vocabulary else ("labels",)

        def ready(place: tf.Tensor, example: Mapping[str, tf.Tensor]) -> tuple:
            return picture(place, example["image"]), *(example[words] for words in read_beside)

        return examples.map(ready, num_parallel_calls=tf.data.AUTOTUNE)

    def _batched(self, decoded: tf.data.Dataset, rows: int) -> tf.data.Dataset:
        table = tag_table(self.vocabulary) if self.vocabulary else None

        def assemble(
            images: tf.Tensor, labels: tf.RaggedTensor, tags: tf.RaggedTensor | None = None
        ) -> tuple:
            if table is not None:
                tags = tag_lists(indices_of(tags, table), len(self.vocabulary), self.longest)
            return self.assembled(images, multi_hot(labels, len(self.records.labels)), tags)

        return decoded.ragged_batch(rows).map(assemble).prefetch(tf.data.AUTOTUNE)

    def assembled(self, images: tf.Tensor, labels: tf.Tensor, tags: tf.Tensor | None) -> tuple[Any, Any]:
        """A batch (inputs, targets) of [B, S, S, 3], [B, C] and, with a vocabulary, int32 [B, L]."""
        if not self.vocabulary:
            return images, labels
        quantity = tf.reduce_sum(labels, axis=-1)
        return {"images": images, "tags": tags}, {"labels": labels, "quantity": quantity}

    def flipped(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """An image of the network's input, mirrored or not by the seed (int32 [2]) where the key asks."""
        if self.data.augmentation in ("flip", "crop-flip"):
            return tf.image.stateless_random_flip_left_right(image, seed)
        return image

    def _input(self, pixels: tf.Tensor) -> tf.Tensor:
        return network_input(
            pixels,
            size=self.data.image_size,
            sampling=self.data.resize,
            preprocessing=self.preprocessing,
        )


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
        names: the rows' ids, N of them; none for rows that go by their number.
    """

    inputs: Arrays
    targets: Arrays
    batch_size: int
    finish: Callable[[Any, Any], tuple[Any, Any]] | None = None
    lengths: np.ndarray | None = None
    names: Sequence[str] = ()

    def epoch(self, *, seed: int, epoch: int, skip: int = 0, share: Share | None = None) -> tf.data.Dataset:
        """Shuffled training batches, after the first `skip` ones.

        Of a share, its rows of these very batches, as `sharing.dealt` gives them.
        """
        order = self._shuffled(seed, epoch)[skip * self.batch_size :]
        if share is None:
            return self._batched(order, self.batch_size)
        order = order[share.holds(np.arange(len(order)) % self.batch_size)]
        return dealt(self._batched(order, share.of(self.batch_size)), share)

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The rows' ids of one training batch of all replicas together, `step` counted from 0."""
        rows = self._shuffled(seed, epoch)[step * self.batch_size :][: self.batch_size]
        return tuple(self.names[row] if self.names else f"row {row}" for row in rows)

    def _shuffled(self, seed: int, epoch: int) -> np.ndarray:
        generator = np.random.default_rng((seed, epoch))
        order = generator.permutation(self._count())
        if self.lengths is None:
            return order
        return bucketed(order, self.lengths, self.batch_size, generator)

    def ordered(self, share: Share | None = None) -> tf.data.Dataset:
        """All rows in order; of a share, the batches that it holds."""
        order = np.arange(self._count())
        if share is not None:
            order = order[share.holds(order // self.batch_size)]
        return self._batched(order, self.batch_size)

    def one_pass(self) -> Pass:
        """`ordered`, as any number of replicas can go through it."""
        return Pass(self.ordered, self._count(), self.batch_size)

    def _count(self) -> int:
        return len(tf.nest.flatten(self.inputs)[0])

    @functools.cached_property
    def _tensors(self) -> tuple[Any, Any]:
        """Inputs and targets, copied once instead of for every epoch."""
        with tf.device("CPU"):
            return tf.nest.map_structure(tf.constant, (self.inputs, self.targets))

    def _batched(self, order: np.ndarray, rows: int) -> tf.data.Dataset:
        arrays = self._tensors

        def gathered(indices):
            return tf.nest.map_structure(lambda array: _as_read(tf.gather(array, indices)), arrays)

        batches = tf.data.Dataset.from_tensor_slices(order).batch(rows)
        batches = batches.map(gathered, num_parallel_calls=tf.data.AUTOTUNE)
        if self.finish is not None:
            finish = tf.autograph.experimental.do_not_convert(self.finish)
            batches = batches.map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        return batches.prefetch(tf.data.AUTOTUNE)


def seed_of(order: int, place: tf.Tensor) -> tf.Tensor:
    """What an example is augmented by, int32 [2]: its place (int64 []) in the epoch of that order."""
    return tf.cast(tf.stack((order, place)), tf.int32)


def order_of(seed: int, epoch: int) -> int:
    """What an epoch's shards and records are shuffled by."""
    return int(np.random.default_rng((seed, epoch)).integers(2**31))


def _as_read(values: tf.Tensor) -> tf.Tensor:
    return values if values.dtype in (tf.int32, tf.int64) else tf.cast(values, tf.float32)
