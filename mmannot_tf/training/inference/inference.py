"""Runs a model over a split: from batches to arrays."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.data.replicas import OrderedSplit, ReplicaRange
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.precision import in_float32

CHUNK_BYTES = 2**26
"""How many bytes processes exchange at a time (ours)."""


class Inference:
    """Runs a model in inference mode over one split at each call; the first call traces the graph."""

    def __init__(self, model: keras.Model, split: OrderedSplit, distribution: Distribution):
        """Reads nothing yet.

        Args:
            model: its weights may change between calls.
            split: batches of (inputs, targets).
            distribution: the replicas that compute them.
        """
        self._model, self._split, self._distribution = model, split, distribution
        self._batches: Any = None
        self._forward: Any = None

    def __call__(self, advance: Callable[[int], None] = lambda images: None) -> Any:
        """The model's outputs on the split; see `model_outputs`."""
        distribution = self._distribution
        numbers, parts = zip(*self._computed(advance), strict=True)
        if distribution.processes == 1:
            return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
        return tf.nest.map_structure(
            lambda *arrays: _gathered(numbers, arrays, self._split, distribution), *parts
        )

    def _computed(self, advance: Callable[[int], None]) -> Iterator[tuple[int, Any]]:
        """The number and the outputs [B, …] of each of this process's batches; none of padding batches."""
        split, strategy = self._split, self._distribution.strategy
        local = self._distribution.local_replicas or ReplicaRange(0, 1, 1)

        def read(replicas: ReplicaRange | None) -> tf.data.Dataset:
            return split.read(replicas).map(lambda inputs, _: (inputs,))

        if self._forward is None:
            inputs = OrderedSplit(read, split.examples, split.batch_size)
            self._batches = self._distribution.distribute_ordered(inputs)
            self._forward = tf.function(self._on_replicas, input_signature=[self._batches.element_spec])
        for step, batch in enumerate(self._batches):
            for place, output in enumerate(strategy.experimental_local_results(self._forward(batch))):
                number = step * local.total + local.first + place
                rows = slice(None) if number < split.batches else slice(0)
                advance(max(0, min(split.batch_size, split.examples - number * split.batch_size)))
                yield number, tf.nest.map_structure(lambda tensor, rows=rows: tensor.numpy()[rows], output)

    def _on_replicas(self, batch: Any) -> Any:
        return self._distribution.strategy.run(self._replica, args=batch)

    def _replica(self, inputs: Any) -> Any:
        return in_float32(self._model(inputs, training=False))


def model_outputs(
    model: keras.Model,
    split: OrderedSplit,
    distribution: Distribution,
    advance: Callable[[int], None] = lambda images: None,
) -> Any:
    """Runs a model in inference mode once over a split of (inputs, targets), with all replicas.

    One replica computes a whole batch, in a graph that does not depend on the number of replicas. So the
    result is bit-exact the same on one device and on several of its kind.

    Args:
        model: its inputs and outputs are one tensor or a dict of tensors.
        split: what it reads.
        distribution: the replicas.
        advance: called with the number of images after each batch of this process.

    Returns:
        The output, or a dict of outputs, as arrays [N, …] in the split's order, in every process.
    """
    return Inference(model, split, distribution)(advance)


def _gathered(
    numbers: Sequence[int], arrays: Sequence[np.ndarray], split: OrderedSplit, distribution: Distribution
) -> np.ndarray:
    """The rows of all processes. A sum of one value and zeros is exact."""
    rows = np.zeros((split.examples, *arrays[0].shape[1:]), arrays[0].dtype)
    for number, array in zip(numbers, arrays, strict=True):
        rows[number * split.batch_size :][: len(array)] = array
    size = max(1, CHUNK_BYTES // max(1, rows[:1].nbytes))
    chunks = [rows[start : start + size] for start in range(0, split.examples, size)]
    return np.concatenate([distribution.sum_over_processes(chunk) for chunk in chunks])
