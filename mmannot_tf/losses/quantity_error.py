"""The quantity regressor's loss, eq. 5."""

import tensorflow as tf


def quantity_error(targets: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """L_2 = (m̂ - m)², one value an example.

    Args:
        targets: m, the true quantities, `[B]`.
        predicted: m̂, `[B] float32`.

    Returns:
        `[B] float32`.
    """
    return tf.square(predicted - tf.cast(targets, predicted.dtype))
