"""Batch-norm statistics re-estimated over training batches (paper/readings, 1).

With decay 0.9997, moving statistics need more than 10,000 steps to arrive; short runs evaluate on statistics
of the initialisation. Re-estimation is a step of its own: it never changes the decay.
"""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf


def trained_batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The batch-norm layers whose statistics move in this stage."""
    layers = model._flatten_layers(include_self=False)
    return [one for one in layers if isinstance(one, keras.layers.BatchNormalization) and one.trainable]


def statistics(layers: Sequence[keras.layers.BatchNormalization]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Moving mean and variance of each layer."""
    return [(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers]


def assign(layers: Sequence[keras.layers.BatchNormalization], values: Sequence[tuple]) -> None:
    """Sets moving mean and variance of each layer."""
    for layer, (mean, variance) in zip(layers, values, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)


def reestimate(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Sets the moving statistics of all trained batch norms to those of the population of `batches`.

    Mean of the batch means, and mean of (variance + mean²) less the squared mean, in float64.

    Args:
        model: whose statistics; its other weights do not change.
        batches: (inputs, targets) of the training split.
    """
    layers = trained_batch_norms(model)
    sums = [(0.0, 0.0)] * len(layers)
    count = 0
    for batch_statistics in _batch_statistics(model, layers, batches):
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


def _batch_statistics(model: keras.Model, layers: Sequence, batches: tf.data.Dataset) -> Iterator[list]:
    """Yields each batch's own statistics: with momentum 0, the moving statistics are the last batch's."""
    kept = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        forward = tf.function(
            lambda inputs: model(inputs, training=True)
        )  # fresh: momentum is read at tracing
        for inputs, _ in batches:
            forward(inputs)
            yield statistics(layers)
    finally:
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum
