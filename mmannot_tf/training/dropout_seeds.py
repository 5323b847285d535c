"""Seeds of dropout that differ between replicas, while the seeds that are saved are the same on all."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

STRIDE = 1_000_003
"""How far apart the seeds of two replicas lie (ours; any number that no layer's own seed is apart by)."""


def seeds_of(model: keras.Model) -> list[Any]:
    """The states of a model's seed generators: seed and count of draws, int64 [2] each."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]


@contextlib.contextmanager
def apart(seeds: Sequence[Any], replicas: int) -> Iterator[None]:
    """In a replica's step: within, its seeds are its own; after, they are the common ones again.

    Without this all replicas would drop the same units. The first replica's are those of one device.

    Args:
        seeds: from `seeds_of`.
        replicas: R, of all processes; on one nothing is done.
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
