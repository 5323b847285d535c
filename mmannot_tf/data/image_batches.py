"""Batches of images: a pure function of (seed, epoch, step), so that a resumed run sees the same batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import tensorflow as tf

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.cropping import decode_window
from mmannot_tf.data.images import decode_resized, normalise, resize
from mmannot_tf.data.replicas import OrderedSplit, ReplicaRange, split_for_replicas
from mmannot_tf.data.tags import indices_of, multi_hot, tag_lists, tag_table
from mmannot_tf.losses.targets import UNKNOWN
from mmannot_tf.weights.provenance import Preprocessing
from tfrecords_tools.reading.record_index import read_at_positions, record_positions
from tfrecords_tools.reading.records import Records, read

LoadImage = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""(Place in the epoch, int64 []; JPEG or PNG bytes, string []) → network input, float32 [S, S, 3].

A vector, float32 [D], is the network input itself.
"""


@dataclass(frozen=True)
class ImageBatches:
    """Batches of decoded images with the targets of their labels (`losses.targets`), read from records.

    Attributes:
        records: the records.
        data: sizes, sampling, augmentation.
        preprocessing: what the backbone's weights expect.
        batch_size: examples per batch; the last batch may be smaller.
        shuffle_buffer: how many undecoded records are buffered for shuffling.
        vocabulary: the T tags read with the images; empty for images alone. See `with_tags`.
        max_tags: L, the largest number of these tags that an image has.
    """

    records: Records
    data: DataSettings
    preprocessing: Preprocessing
    batch_size: int
    shuffle_buffer: int = 4096
    vocabulary: tuple[str, ...] = ()
    max_tags: int = 0

    def with_tags(self, vocabulary: Sequence[str], max_tags: int) -> Self:
        """The same images in the same order, with tags as a second input and quantity as a second target.

        Batches become ({"images": float32 [B, S, S, 3], "tags": the lists of `data.tag_lists`, int32 [B, L]},
        {"labels": float32 [B, C], "quantity": float32 [B]}). L is fixed because TensorFlow would
        trace and compile each new shape again.
        """
        return replace(self, vocabulary=tuple(vocabulary), max_tags=max_tags)

    def epoch(
        self, *, seed: int, epoch: int, skip: int = 0, replicas: ReplicaRange | None = None
    ) -> tf.data.Dataset:
        """Shuffled training batches ([B, S, S, 3] float32, [B, C] float32), after the first `skip` ones.

        With `replicas`, reads only their rows of these batches and splits them by `split_for_replicas`.
        """
        epoch_seed = seed_of_epoch(seed, epoch)
        rows = self.batch_size if replicas is None else replicas.count_in(self.batch_size)
        examples = self._examples(epoch_seed, skip, replicas)
        batches = self._batched(self._decoded(examples, self._load_augmented(epoch_seed)), rows)
        return batches if replicas is None else split_for_replicas(batches, replicas)

    def partial_pipelines(
        self, *, seed: int, epoch: int, replicas: ReplicaRange | None = None
    ) -> dict[str, tf.data.Dataset]:
        """The pipeline of `epoch`, cut after each of its steps to measure them: step → single examples."""
        epoch_seed = seed_of_epoch(seed, epoch)
        examples = self._examples(epoch_seed, 0, replicas)
        return {"read": examples, "decode": self._decoded(examples, self._load_augmented(epoch_seed))}

    def _examples(self, epoch_seed: int, skip: int, replicas: ReplicaRange | None) -> tf.data.Dataset:
        """(Place in the epoch, encoded example) after `skip` batches; with `replicas`, only theirs."""
        if replicas is None:
            examples = self.shuffled(read(self.records, "train", seed=epoch_seed), epoch_seed)
            return self.local_examples(examples.enumerate(), skip, None)
        where = self.shuffled(record_positions(self.records, "train", seed=epoch_seed), epoch_seed)
        return read_at_positions(self.records, self.local_examples(where.enumerate(), skip, replicas))

    def local_examples(
        self, numbered: tf.data.Dataset, skip: int, replicas: ReplicaRange | None
    ) -> tf.data.Dataset:
        """Those elements (place in the epoch, …) after `skip` batches that `replicas` compute; None: all."""
        rest = numbered.skip(skip * self.batch_size)
        if replicas is None:
            return rest
        return rest.filter(lambda place, _: replicas.contains(place % self.batch_size))

    def _load_augmented(self, epoch_seed: int) -> LoadImage:
        crops = self.data.augmentation in ("crop", "crop-flip")

        def load(place: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
            seed = seed_of_example(epoch_seed, place)
            pixels = self._resized_crop(encoded, seed) if crops else self._resized(encoded)
            return self.flipped(normalise(pixels, self.preprocessing), seed)

        return load

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The image ids of one training batch of all replicas together; `step` counts from 0."""
        epoch_seed = seed_of_epoch(seed, epoch)
        examples = self.shuffled(read(self.records, "train", seed=epoch_seed), epoch_seed)
        batch = examples.map(lambda example: example["id"]).skip(step * self.batch_size).take(self.batch_size)
        return tuple(identifier.decode() for identifier in batch.as_numpy_iterator())

    def shuffled(self, examples: tf.data.Dataset, epoch_seed: int) -> tf.data.Dataset:
        """Training examples (or places or numbers of them) in the order of an epoch; see `seed_of_epoch`."""
        return examples.shuffle(self.shuffle_buffer, seed=epoch_seed, reshuffle_each_iteration=False)

    def split(self, split: str, replicas: ReplicaRange | None = None) -> tf.data.Dataset:
        """A split's batches in the records' fixed order, without shuffling or augmentation.

        With `replicas`, reads only the batches that they compute.
        """
        if replicas is None:
            examples = read(self.records, split).enumerate()
        else:
            where = record_positions(self.records, split).enumerate()
            own = where.filter(lambda index, _: replicas.contains(index // self.batch_size))
            examples = read_at_positions(self.records, own)
        decoded = self._decoded(
            examples, lambda _, encoded: normalise(self._resized(encoded), self.preprocessing)
        )
        return self._batched(decoded, self.batch_size)

    def ordered_split(self, split: str) -> OrderedSplit:
        """`split`, for any number of replicas."""
        return OrderedSplit(
            lambda replicas: self.split(split, replicas), self.records.splits[split], self.batch_size
        )

    def _decoded(self, examples: tf.data.Dataset, load: LoadImage) -> tf.data.Dataset:
        features = ("labels", *(("unknown",) if self.records.has_unknown else ()))
        features += ("tags",) if self.vocabulary else ()

        def decoded(place: tf.Tensor, example: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, ...]:
            loaded = example["vector"] if self.records.vectors else load(place, example["image"])
            return loaded, *(example[name] for name in features)

        return examples.map(decoded, num_parallel_calls=tf.data.AUTOTUNE)

    def _batched(self, decoded: tf.data.Dataset, rows: int) -> tf.data.Dataset:
        table = tag_table(self.vocabulary) if self.vocabulary else None

        def assemble(images: tf.Tensor, labels: tf.RaggedTensor, *others: tf.RaggedTensor) -> tuple[Any, Any]:
            targets, tags = multi_hot(labels, len(self.records.labels)), None
            if self.records.has_unknown:
                targets += UNKNOWN * multi_hot(others[0], len(self.records.labels))
            if table is not None:
                tags = tag_lists(indices_of(others[-1], table), len(self.vocabulary), self.max_tags)
            return self.assembled(images, targets, tags)

        return decoded.ragged_batch(rows).map(assemble).prefetch(tf.data.AUTOTUNE)

    def assembled(self, images: tf.Tensor, targets: tf.Tensor, tags: tf.Tensor | None) -> tuple[Any, Any]:
        """A batch (inputs, targets) of [B, S, S, 3], [B, C] and, with a vocabulary, int32 [B, L]."""
        if not self.vocabulary:
            return images, targets
        quantity = tf.reduce_sum(targets, axis=-1)
        if self.records.has_unknown:
            quantity = tf.where(tf.reduce_any(targets < 0, axis=-1), float(UNKNOWN), quantity)
        return {"images": images, "tags": tags}, {"labels": targets, "quantity": quantity}

    def flipped(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A network input, mirrored at random by the seed (int32 [2]) if `data.augmentation` says so."""
        if self.data.augmentation in ("flip", "crop-flip"):
            return tf.image.stateless_random_flip_left_right(image, seed)
        return image

    def _resized(self, encoded: tf.Tensor) -> tf.Tensor:
        data = self.data
        return decode_resized(
            encoded, size=data.image_size, sampling=data.resize, orientation=data.orientation
        )

    def _resized_crop(self, encoded: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        data = self.data
        pixels = decode_window(encoded, seed, data.least_crop_area, orientation=data.orientation)
        return resize(pixels, data.image_size, data.resize)


def seed_of_epoch(seed: int, epoch: int) -> int:
    """The seed that shuffles an epoch's shards and records."""
    return int(np.random.default_rng((seed, epoch)).integers(2**31))


def seed_of_example(epoch_seed: int, place: tf.Tensor) -> tf.Tensor:
    """The seed of an example's augmentation, int32 [2], from its place in the epoch (int64 [])."""
    return tf.cast(tf.stack((epoch_seed, place)), tf.int32)
