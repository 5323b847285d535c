"""A model over a split: batches in, arrays out."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.data.sharing import Pass, Share
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.precision import in_float32

CHUNK_BYTES = 2**26
"""How much is exchanged between processes at a time (ours)."""


def outputs(model: keras.Model, over: Pass, distribution: Distribution) -> Any:
    """Runs `model` in inference mode over (inputs, targets) batches, shared by all replicas.

    A batch is computed whole, by one replica, in a graph that does not depend on their number: the result is
    the same on one device and on many of its kind, to the last bit.

    Returns:
        Its output, or dict of outputs, as arrays [N, …] in the split's order, in every process.
    """
    numbers, parts = zip(*_computed(model, over, distribution), strict=True)
    if distribution.processes == 1:
        return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
    return tf.nest.map_structure(lambda *arrays: _exchanged(numbers, arrays, over, distribution), *parts)


def _computed(model: keras.Model, over: Pass, distribution: Distribution) -> Iterator[tuple[int, Any]]:
    """This process's batches: their numbers, ascending, and the outputs [B, …]; the last may be empty."""
    strategy, share = distribution.strategy, distribution.share or Share(0, 1, 1)

    def read(one: Share | None) -> tf.data.Dataset:
        return over.read(one).map(lambda inputs, _: (inputs,))

    batches = distribution.ordered(Pass(read, over.examples, over.batch_size))

    @tf.function(input_signature=[batches.element_spec])
    def forward(batch):
        return strategy.run(lambda inputs: in_float32(model(inputs, training=False)), args=batch)

    for step, batch in enumerate(batches):
        for place, output in enumerate(strategy.experimental_local_results(forward(batch))):
            number = step * share.replicas + share.first + place
            kept = slice(None) if number < over.batches else slice(0)
            yield number, tf.nest.map_structure(lambda tensor, kept=kept: tensor.numpy()[kept], output)


def _exchanged(numbers: tuple, arrays: tuple, over: Pass, distribution: Distribution) -> np.ndarray:
    """The rows of all processes, from those of this one's batches: sums of one value and zeros are exact."""
    rows = np.zeros((over.examples, *arrays[0].shape[1:]), arrays[0].dtype)
    for number, array in zip(numbers, arrays, strict=True):
        rows[number * over.batch_size :][: len(array)] = array
    size = max(1, CHUNK_BYTES // max(1, rows[:1].nbytes))
    chunks = [rows[start : start + size] for start in range(0, over.examples, size)]
    return np.concatenate([distribution.total(chunk) for chunk in chunks])
