"""Batch-norm statistics re-estimated over training batches (paper/readings, 1).

With decay 0.9997, moving statistics need more than 10,000 steps to arrive; short runs evaluate on statistics
of the initialisation. Re-estimation is a step of its own: it never changes the decay.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

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


def reestimate(
    model: keras.Model, batches: tf.data.Dataset, strategy: tf.distribute.Strategy | None = None
) -> None:
    """Sets the moving statistics of all trained batch norms to those of the population of `batches`.

    Mean of the batch means, and mean of (variance + mean²) less the squared mean, in float64.

    Args:
        model: whose statistics; its other weights do not change.
        batches: (inputs, targets) of the training split; what the replicas take of them where the strategy
            has several.
        strategy: in whose scope the model was built; None for the default one.
    """
    layers = trained_batch_norms(model)
    sums = [(0.0, 0.0)] * len(layers)
    count = 0
    strategy = strategy or tf.distribute.get_strategy()
    for batch_statistics in _batch_statistics(model, layers, batches, strategy):
        count += 1
        sums = [
            (
                first + mean.astype(np.float64),
                second + variance.astype(np.float64) + np.square(mean, dtype=np.float64),
            )
            for (first, second), (mean, variance) in zip(sums, batch_statistics, strict=True)
        ]
    means = [(first / count, second / count) for first, second in sums]
    assign(layers, [(first, np.maximum(second - first**2, 0.0)) for first, second in means])


def _batch_statistics(
    model: keras.Model, layers: Sequence, batches: tf.data.Dataset, strategy: tf.distribute.Strategy
) -> Iterator[list]:
    """Yields each batch's own statistics: with momentum 0, the moving statistics are the last batch's."""
    kept = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        forward = _forward(model, strategy, batches)  # fresh: momentum is read at tracing
        for batch in batches:
            forward(batch)
            yield statistics(layers, strategy)
    finally:
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum


def _forward(model: keras.Model, strategy: tf.distribute.Strategy, batches: tf.data.Dataset) -> Callable:
    """A pass in training mode over a batch, whose outputs nobody reads; traced as `step.Step` is, and why."""
    replicas = strategy.num_replicas_in_sync

    def replica(inputs, _):
        with apart(seeds_of(model), replicas):
            model(inputs, training=True)

    def on_all(batch):
        strategy.run(replica, args=batch)

    return tf.function(on_all, input_signature=None if replicas == 1 else [batches.element_spec])
