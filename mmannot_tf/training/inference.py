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


class Inference:
    """A model in inference mode over one split, as often as it is called: traced at the first call alone."""

    def __init__(self, model: keras.Model, over: Pass, distribution: Distribution):
        """Nothing is read yet.

        Args:
            model: its weights may change between calls.
            over: (inputs, targets) batches of the split.
            distribution: the replicas that share them.
        """
        self._model, self._over, self._distribution = model, over, distribution
        self._forward: Any = None

    def __call__(self) -> Any:
        """The model's output over the split, as `outputs` gives it."""
        over, distribution = self._over, self._distribution
        numbers, parts = zip(*self._computed(), strict=True)
        if distribution.processes == 1:
            return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
        return tf.nest.map_structure(lambda *arrays: _exchanged(numbers, arrays, over, distribution), *parts)

    def _computed(self) -> Iterator[tuple[int, Any]]:
        """This process's batches: their numbers, ascending, and the outputs [B, …]; the last may be empty."""
        over, strategy = self._over, self._distribution.strategy
        share = self._distribution.share or Share(0, 1, 1)

        def read(one: Share | None) -> tf.data.Dataset:
            return over.read(one).map(lambda inputs, _: (inputs,))

        batches = self._distribution.ordered(Pass(read, over.examples, over.batch_size))
        if self._forward is None:
            self._forward = tf.function(self._on_all, input_signature=[batches.element_spec])
        for step, batch in enumerate(batches):
            for place, output in enumerate(strategy.experimental_local_results(self._forward(batch))):
                number = step * share.replicas + share.first + place
                kept = slice(None) if number < over.batches else slice(0)
                yield number, tf.nest.map_structure(lambda tensor, kept=kept: tensor.numpy()[kept], output)

    def _on_all(self, batch: Any) -> Any:
        return self._distribution.strategy.run(self._replica, args=batch)

    def _replica(self, inputs: Any) -> Any:
        return in_float32(self._model(inputs, training=False))


def outputs(model: keras.Model, over: Pass, distribution: Distribution) -> Any:
    """Runs `model` in inference mode over (inputs, targets) batches, shared by all replicas, once.

    A batch is computed whole, by one replica, in a graph that does not depend on their number: the result is
    the same on one device and on many of its kind, to the last bit.

    Returns:
        Its output, or dict of outputs, as arrays [N, …] in the split's order, in every process.
    """
    return Inference(model, over, distribution)()


def _exchanged(numbers: tuple, arrays: tuple, over: Pass, distribution: Distribution) -> np.ndarray:
    """The rows of all processes, from those of this one's batches: sums of one value and zeros are exact."""
    rows = np.zeros((over.examples, *arrays[0].shape[1:]), arrays[0].dtype)
    for number, array in zip(numbers, arrays, strict=True):
        rows[number * over.batch_size :][: len(array)] = array
    size = max(1, CHUNK_BYTES // max(1, rows[:1].nbytes))
    chunks = [rows[start : start + size] for start in range(0, over.examples, size)]
    return np.concatenate([distribution.total(chunk) for chunk in chunks])
