"""Which examples a process computes when several replicas train or predict together.

All replicas together see exactly the batches of one device. In training, row i of a global batch belongs to
replica i mod R, where R is the number of replicas. In an ordered pass (validation, features, predictions),
the whole batch k belongs to replica k mod R. So a row's numbers do not depend on the number of replicas.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class ReplicaRange:
    """The replicas of one process.

    Attributes:
        first: number of the first one.
        local: how many this process has.
        total: R, how many all processes have.
    """

    first: int
    local: int
    total: int

    def contains(self, number: Any) -> Any:
        """Whether this process computes a row of a training batch, or a batch of an ordered pass.

        Args:
            number: of the row or batch, from 0; integers in an array or a tensor of any shape.

        Returns:
            bool, in the shape of `number`.
        """
        replica = number % self.total
        return (replica >= self.first) & (replica < self.first + self.local)

    def count_in(self, count: int) -> int:
        """How many of the first `count` rows or batches this process computes."""
        return int(self.contains(np.arange(count)).sum())


@dataclass(frozen=True)
class OrderedSplit:
    """The batches of a split in its fixed order.

    Attributes:
        read: replicas → the batches that they compute, in order; None → all batches.
        examples: in the split, N.
        batch_size: of every batch; the last one may be smaller.
    """

    read: Callable[[ReplicaRange | None], tf.data.Dataset]
    examples: int
    batch_size: int

    @property
    def batches(self) -> int:
        """The number of batches."""
        return -(-self.examples // self.batch_size)


def split_for_replicas(batches: tf.data.Dataset, replicas: ReplicaRange) -> tf.data.Dataset:
    """Splits a process's rows of each global batch among its replicas: one element per replica, in turn.

    Args:
        batches: of tensors `[m, …]`, where m is the number of the process's rows.
        replicas: of the process.

    Returns:
        Elements `[m / local, …]`, padded by `padded_forever`.
    """
    return padded_forever(batches.flat_map(lambda *batch: _replica_batches(batch, replicas.local)))


def padded_forever(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The batches, then an infinite number of batches of one zero row, which the caller does not count.

    So each replica has a batch in every step, and no process asks whether there is a next batch, which would
    cost an all-reduce. The row is needed because convolutions of no rows fail on CPUs (oneDNN, TF 2.21).
    """
    return batches.concatenate(tf.data.Dataset.from_tensors(_zero_row(batches.element_spec)).repeat())


def _replica_batches(batch: Sequence[Any], local: int) -> tf.data.Dataset:
    def rows_of(replica: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda rows: rows[replica::local], tuple(batch))

    return tf.data.Dataset.range(local, output_type=tf.int32).map(rows_of)


def _zero_row(element_spec: Any) -> Any:
    """A batch of one row of zeros; a dimension of unknown size gets size 1."""
    return tf.nest.map_structure(
        lambda spec: tf.zeros([1, *(size or 1 for size in spec.shape[1:])], spec.dtype), element_spec
    )
