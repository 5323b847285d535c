"""Targets of losses over labels."""

import keras
import tensorflow as tf


def check_shapes(y_true: tf.Tensor, y_pred: tf.Tensor) -> None:
    """Checks that targets and predictions have one shape: else they would be broadcast silently.

    Raises:
        ValueError: a size that is known differs.
    """
    shapes = [tuple(keras.ops.shape(values)) for values in (y_true, y_pred)]
    known = [tuple(size if isinstance(size, int) else None for size in shape) for shape in shapes]
    pairs = zip(*known, strict=False)
    if len(known[0]) != len(known[1]) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ValueError(f"y_true and y_pred must have one shape. Received: {known[0]} and {known[1]}")
