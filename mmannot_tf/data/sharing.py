"""Which examples a process computes when several replicas train or predict together.

All replicas together see exactly the batches of one device. In training, row i of a global batch belongs to
replica i mod R, R the number of replicas. In an ordered pass (validation, features, predictions), whole
batches are dealt: batch k belongs to replica k mod R. So what a row's numbers come out of does not depend on
how many replicas there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Share:
    """The replicas of one process: `local` ones from number `first` on, of `replicas` in all processes."""

    first: int
    local: int
    replicas: int

    def holds(self, number: Any) -> Any:
        """Whether a row of a batch, or a batch of an ordered pass, is this process's.

        Args:
            number: of the row or batch, from 0; whole numbers in an array or a tensor of any shape.

        Returns:
            bool, in the shape of `number`.
        """
        place = number % self.replicas
        return (place >= self.first) & (place < self.first + self.local)

    def of(self, count: int) -> int:
        """How many of the first `count` are this process's."""
        return int(self.holds(np.arange(count)).sum())


@dataclass(frozen=True)
class Pass:
    """One pass over a split in its fixed order.

    Attributes:
        read: share → the batches it holds, in order; of all batches for None.
        examples: in the split, N.
        batch_size: of every batch but a smaller last one.
    """

    read: Callable[[Share | None], tf.data.Dataset]
    examples: int
    batch_size: int

    @property
    def batches(self) -> int:
        """How many there are."""
        return -(-self.examples // self.batch_size)


def dealt(batches: tf.data.Dataset, share: Share) -> tf.data.Dataset:
    """A process's rows of each global batch, dealt to its replicas: one element a replica, in turn.

    Args:
        batches: of tensors `[m, …]`, m the number of the process's rows.
        share: of the process.

    Returns:
        Elements `[m / local, …]`; without end, as `endless` makes it.
    """
    return endless(batches.flat_map(lambda *parts: _parts(parts, share.local)))


def endless(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The batches, then batches of one row of zeros without end, which nobody counts.

    A replica has something in every step, and nobody need ask whether there is a next batch, which among
    processes is an all-reduce. A row, because convolutions of none fail on CPUs (oneDNN, TensorFlow 2.21).
    """
    return batches.concatenate(tf.data.Dataset.from_tensors(_filling(batches.element_spec)).repeat())


def _parts(batch: Sequence[Any], local: int) -> tf.data.Dataset:
    def part(number: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda rows: rows[number::local], tuple(batch))

    return tf.data.Dataset.range(local, output_type=tf.int32).map(part)


def _filling(spec: Any) -> Any:
    """A batch of one row; other sizes that are not known beforehand are 1."""
    return tf.nest.map_structure(
        lambda one: tf.zeros([1, *(size or 1 for size in one.shape[1:])], one.dtype), spec
    )
