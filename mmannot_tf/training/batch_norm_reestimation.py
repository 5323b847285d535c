"""Batch-norm statistics re-estimated over training batches (paper/readings, 1).

With decay 0.9997, moving statistics need more than 10,000 steps to arrive; short runs evaluate on statistics
of the initialisation. Re-estimation is a step of its own: it never changes the decay.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.training.dropout_seeds import apart, seeds_of


def trained_batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The batch-norm layers whose statistics move in this stage."""
    layers = model._flatten_layers(include_self=False)
    return [one for one in layers if isinstance(one, keras.layers.BatchNormalization) and one.trainable]


def statistics(
    layers: Sequence[keras.layers.BatchNormalization], strategy: tf.distribute.Strategy | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Moving mean and variance of each layer; where each replica has its own, the replicas' mean of them."""
    if strategy is None or strategy.num_replicas_in_sync == 1 or all(one.synchronized for one in layers):
        return [(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers]

    @tf.function
    def means():
        return strategy.run(
            lambda: tf.distribute.get_replica_context().all_reduce(
                "MEAN", [(one.moving_mean.value, one.moving_variance.value) for one in layers]
            )
        )

    (first, *_) = strategy.experimental_local_results(means())
    return [(mean.numpy(), variance.numpy()) for mean, variance in first]


def assign(layers: Sequence[keras.layers.BatchNormalization], values: Sequence[tuple]) -> None:
    """Sets moving mean and variance of each layer."""
    for layer, (mean, variance) in zip(layers, values, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)


@contextlib.contextmanager
def put_back(
    layers: Sequence[keras.layers.BatchNormalization], strategy: tf.distribute.Strategy | None = None
) -> Iterator[None]:
    """Within, statistics may change; after it they are what they were, even where something was raised."""
    kept = statistics(layers, strategy)
    try:
        yield
    finally:
        assign(layers, kept)


class Reestimation:
    """Re-estimates the moving statistics of a model's trained batch norms, traced at the first call alone.

    They become those of the population of batches: mean of the batch means, and mean of (variance + mean²)
    less the squared mean, in float64.
    """

    def __init__(self, model: keras.Model, strategy: tf.distribute.Strategy | None = None):
        """Nothing is computed yet.

        Args:
            model: whose statistics; its other weights do not change.
            strategy: in whose scope the model was built; None for the default one.
        """
        self.layers = trained_batch_norms(model)
        self._model, self._strategy = model, strategy or tf.distribute.get_strategy()
        self._forward: Any = None

    def __call__(self, batches: Any) -> None:
        """Sets them from (inputs, targets) of the training split, as the replicas take them.

        Batches are of one element_spec in all calls.
        """
        sums = [(0.0, 0.0)] * len(self.layers)
        count = 0
        for batch_statistics in self._batch_statistics(batches):
            count += 1
            sums = [
                (
                    first + mean.astype(np.float64),
                    second + variance.astype(np.float64) + np.square(mean, dtype=np.float64),
                )
                for (first, second), (mean, variance) in zip(sums, batch_statistics, strict=True)
            ]
        means = [(first / count, second / count) for first, second in sums]
        assign(self.layers, [(first, np.maximum(second - first**2, 0.0)) for first, second in means])

    def _batch_statistics(self, batches: Any) -> Iterator[list]:
        """Yields each batch's own statistics: with momentum 0, the moving statistics are the last batch's."""
        kept = [layer.momentum for layer in self.layers]
        for layer in self.layers:
            layer.momentum = 0.0  # read at tracing
        try:
            if self._forward is None:
                self._forward = tf.function(self._on_all, input_signature=[batches.element_spec])
            for batch in batches:
                self._forward(batch)
                yield statistics(self.layers, self._strategy)
        finally:
            for layer, momentum in zip(self.layers, kept, strict=True):
                layer.momentum = momentum

    def _on_all(self, batch: Any) -> None:
        self._strategy.run(self._replica, args=batch)

    def _replica(self, inputs: Any, _: Any) -> None:
        """A pass in training mode, whose outputs nobody reads."""
        with apart(seeds_of(self._model), self._strategy.num_replicas_in_sync):
            self._model(inputs, training=True)
