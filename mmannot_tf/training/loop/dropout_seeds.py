"""Dropout seeds that differ between replicas, while the saved seeds are the same on all."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

STRIDE = 1_000_003
"""The distance between the seeds of two replicas (ours; larger than that between the seeds of two layers)."""


def seeds_of(model: keras.Model) -> list[Any]:
    """The states of a model's seed generators: seed and number of draws, int64 [2] each."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]


@contextlib.contextmanager
def per_replica_seeds(seeds: Sequence[Any], replicas: int) -> Iterator[None]:
    """In a replica's step: uses the replica's own seeds within the context, and the common ones after it.

    Without this, all replicas would drop the same units. The first replica has the seeds of one device.

    Args:
        seeds: from `seeds_of`.
        replicas: R, of all processes; for 1, nothing changes.
    """
    if replicas == 1:
        yield
        return
    number = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int64)
    shift = tf.stack([number * STRIDE, tf.constant(0, tf.int64)])
    for seed in seeds:
        seed.assign(seed.value + shift)
    yield
    for seed in seeds:
        seed.assign(seed.value - shift)
