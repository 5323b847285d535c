"""Batch-norm statistics re-estimated over training batches (paper/readings, 1).

With decay 0.9997, moving statistics need more than 10,000 steps to converge; a shorter run would evaluate
with statistics of the initialisation. Re-estimation is a separate step and leaves the decay as it is.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.training.loop.dropout_seeds import per_replica_seeds, seeds_of

Statistics = tuple[np.ndarray, np.ndarray]
"""Moving mean and variance of a layer."""


def trained_batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The batch-norm layers whose statistics change in this stage."""
    layers = model._flatten_layers(include_self=False)
    return [
        layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


def statistics(
    layers: Sequence[keras.layers.BatchNormalization], strategy: tf.distribute.Strategy | None = None
) -> list[Statistics]:
    """Moving mean and variance of each layer, averaged over the replicas where each has its own."""
    if strategy is None or strategy.num_replicas_in_sync == 1 or all(layer.synchronized for layer in layers):
        return [(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers]

    @tf.function
    def means() -> Any:
        return strategy.run(
            lambda: tf.distribute.get_replica_context().all_reduce(
                "MEAN", [(layer.moving_mean.value, layer.moving_variance.value) for layer in layers]
            )
        )

    (first, *_) = strategy.experimental_local_results(means())
    return [(mean.numpy(), variance.numpy()) for mean, variance in first]


def assign(layers: Sequence[keras.layers.BatchNormalization], values: Sequence[Statistics]) -> None:
    """Sets moving mean and variance of each layer."""
    for layer, (mean, variance) in zip(layers, values, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)


@contextlib.contextmanager
def restored(
    layers: Sequence[keras.layers.BatchNormalization], strategy: tf.distribute.Strategy | None = None
) -> Iterator[None]:
    """Restores the statistics on leaving the context, also after an error."""
    before = statistics(layers, strategy)
    try:
        yield
    finally:
        assign(layers, before)


class Reestimation:
    """Re-estimates the moving statistics of a model's trained batch norms; the first call traces the graph.

    They become those of the population of batches: the mean of the batch means, and the mean of
    (variance + mean²) minus the squared mean, in float64.
    """

    def __init__(self, model: keras.Model, strategy: tf.distribute.Strategy | None = None):
        """Computes nothing yet.

        Args:
            model: whose statistics to re-estimate; its other weights do not change.
            strategy: in whose scope the model was built; None for the default one.
        """
        self.layers = trained_batch_norms(model)
        self._model, self._strategy = model, strategy or tf.distribute.get_strategy()
        self._forward: Any = None

    def __call__(self, batches: Any) -> None:
        """Sets the statistics from training batches (inputs, targets), from `Distribution.distribute`.

        The batches of all calls have the same element_spec.
        """
        sums: list[Statistics] = [(np.zeros(()), np.zeros(()))] * len(self.layers)
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

    def _batch_statistics(self, batches: Any) -> Iterator[list[Statistics]]:
        """Yields each batch's statistics: with momentum 0, the moving statistics are the last batch's."""
        momenta = [layer.momentum for layer in self.layers]
        for layer in self.layers:
            layer.momentum = 0.0  # read while the graph is traced
        try:
            if self._forward is None:
                self._forward = tf.function(self._on_replicas, input_signature=[batches.element_spec])
            for batch in batches:
                self._forward(batch)
                yield statistics(self.layers, self._strategy)
        finally:
            for layer, momentum in zip(self.layers, momenta, strict=True):
                layer.momentum = momentum

    def _on_replicas(self, batch: Any) -> None:
        self._strategy.run(self._replica, args=batch)

    def _replica(self, inputs: Any, _: Any) -> None:
        """A forward pass in training mode; only the statistics matter."""
        with per_replica_seeds(seeds_of(self._model), self._strategy.num_replicas_in_sync):
            self._model(inputs, training=True)
