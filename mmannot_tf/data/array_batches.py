"""Batches of arrays in memory: a pure function of (seed, epoch, step), as `data.image_batches`."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from mmannot_tf.data.bucketing import bucket_by_length
from mmannot_tf.data.replicas import OrderedSplit, ReplicaRange, split_for_replicas

_HIDING = 1
"""Tells the draw of hidden rows from that of the order."""
Arrays = np.ndarray | Mapping[str, np.ndarray]


@dataclass(frozen=True)
class HiddenColumns:
    """The last columns of the inputs, which training hides in a share of the rows, drawn anew each epoch.

    Attributes:
        share: of the rows.
        instead: what these columns hold there, [K] float32.
    """

    share: float
    instead: np.ndarray


@dataclass(frozen=True)
class ArrayBatches:
    """Batches of rows of arrays in memory (tags, cached features, sequences) with their targets.

    Attributes:
        inputs: [N, …], or several by name. Integers of 32 and 64 bits keep their type; all else is cast to
            float32, one batch at a time.
        targets: likewise.
        batch_size: examples per batch; the last batch may be smaller.
        finish: TensorFlow operations on each batch of (inputs, targets), in graph; None for nothing.
        lengths: [N]; where given, a training batch holds examples of similar length.
        names: the ids of the N rows; where empty, a row's id is its number.
        hidden: columns of the inputs, one array [N, D], that training hides in some rows; None for none.
    """

    inputs: Arrays
    targets: Arrays
    batch_size: int
    finish: Callable[[Any, Any], tuple[Any, Any]] | None = None
    lengths: np.ndarray | None = None
    names: Sequence[str] = ()
    hidden: HiddenColumns | None = None

    def epoch(
        self, *, seed: int, epoch: int, skip: int = 0, replicas: ReplicaRange | None = None
    ) -> tf.data.Dataset:
        """Shuffled training batches, after the first `skip` ones.

        With `replicas`, only their rows of these batches, split by `split_for_replicas`.
        """
        order = self._shuffled(seed, epoch)[skip * self.batch_size :]
        hide = self._rows_to_hide(seed, epoch)
        if replicas is None:
            return self._batched(order, self.batch_size, hide)
        order = order[replicas.contains(np.arange(len(order)) % self.batch_size)]
        return split_for_replicas(self._batched(order, replicas.count_in(self.batch_size), hide), replicas)

    def partial_pipelines(
        self, *, seed: int, epoch: int, replicas: ReplicaRange | None = None
    ) -> dict[str, tf.data.Dataset]:
        """None: arrays in memory are neither read nor decoded."""
        return {}

    def ids(self, *, seed: int, epoch: int, step: int) -> tuple[str, ...]:
        """The ids of the rows of one training batch of all replicas together; `step` counts from 0."""
        rows = self._shuffled(seed, epoch)[step * self.batch_size :][: self.batch_size]
        return tuple(self.names[row] if self.names else f"row {row}" for row in rows)

    def _shuffled(self, seed: int, epoch: int) -> np.ndarray:
        generator = np.random.default_rng((seed, epoch))
        order = generator.permutation(self._count())
        if self.lengths is None:
            return order
        return bucket_by_length(order, self.lengths, self.batch_size, generator)

    def _rows_to_hide(self, seed: int, epoch: int) -> np.ndarray | None:
        """Whether each row's hidden columns are hidden in an epoch, [N] bool; None without such columns."""
        if self.hidden is None:
            return None
        return np.random.default_rng((seed, epoch, _HIDING)).random(self._count()) < self.hidden.share

    def rows(self, rows: np.ndarray) -> "ArrayBatches":
        """Batches of these rows alone, [M] int64."""
        return replace(
            self,
            inputs=tf.nest.map_structure(lambda array: array[rows], self.inputs),
            targets=tf.nest.map_structure(lambda array: array[rows], self.targets),
            lengths=None if self.lengths is None else self.lengths[rows],
            names=tuple(self.names[row] for row in rows) if self.names else (),
        )

    def ordered(self, replicas: ReplicaRange | None = None) -> tf.data.Dataset:
        """All rows in order; with `replicas`, only the batches that they compute."""
        order = np.arange(self._count())
        if replicas is not None:
            order = order[replicas.contains(order // self.batch_size)]
        return self._batched(order, self.batch_size)

    def ordered_split(self) -> OrderedSplit:
        """`ordered`, for any number of replicas."""
        return OrderedSplit(self.ordered, self._count(), self.batch_size)

    def _count(self) -> int:
        return len(tf.nest.flatten(self.inputs)[0])

    @functools.cached_property
    def _tensors(self) -> tuple[Any, Any]:
        """Inputs and targets, copied once instead of for every epoch."""
        with tf.device("CPU"):
            return tf.nest.map_structure(tf.constant, (self.inputs, self.targets))

    def _batched(self, order: np.ndarray, rows: int, hide: np.ndarray | None = None) -> tf.data.Dataset:
        arrays, hidden = self._tensors, self.hidden

        def gathered(indices: tf.Tensor) -> tuple[Any, Any]:
            inputs, targets = tf.nest.map_structure(lambda array: _cast(tf.gather(array, indices)), arrays)
            if hidden is not None and hide is not None:
                inputs = _concealed(inputs, tf.gather(hide, indices), hidden.instead)
            return inputs, targets

        batches = tf.data.Dataset.from_tensor_slices(order).batch(rows)
        batches = batches.map(gathered, num_parallel_calls=tf.data.AUTOTUNE)
        if self.finish is not None:
            finish = tf.autograph.experimental.do_not_convert(self.finish)
            batches = batches.map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        return batches.prefetch(tf.data.AUTOTUNE)


def _concealed(inputs: tf.Tensor, hide: tf.Tensor, instead: np.ndarray) -> tf.Tensor:
    """The inputs, with `instead` in the last columns of those for which `hide`, bool [B], is true."""
    shown, last = tf.split(inputs, [inputs.shape[1] - len(instead), len(instead)], axis=1)
    return tf.concat([shown, tf.where(hide[:, tf.newaxis], instead, last)], axis=1)


def _cast(values: tf.Tensor) -> tf.Tensor:
    return values if values.dtype in (tf.int32, tf.int64) else tf.cast(values, tf.float32)
