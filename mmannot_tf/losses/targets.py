"""Targets of losses: what is known of labels and quantities, and what is not.

The target of a label is 1 where it is given and 0 where it is absent; that of a quantity is m. A target below
0 is unknown (`UNKNOWN`): it adds nothing to any loss, and the gradient of its prediction is exactly 0. With
none, each loss has the bits that it has without unknown targets.
"""

import keras
import tensorflow as tf

UNKNOWN = -1
"""The target of a label of which nothing is known, and of the quantity of an image with such a label."""


def known_and_given(y_true: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether each target is known, and the targets with 0 for those that are not.

    Args:
        y_true: targets, any shape.
        y_pred: predictions, which give the type.

    Returns:
        Two tensors in the shape of `y_true`: bool, and in the type of `y_pred`.
    """
    y = keras.ops.cast(y_true, y_pred.dtype)
    return y >= 0, keras.ops.maximum(y, 0)


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
