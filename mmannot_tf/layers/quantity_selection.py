"""The last step of Algorithm 2: the m̂ best labels."""

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf
from keras import ops

from mmannot_tf.layers.arguments import whole_number

ROUNDINGS: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "nearest": lambda quantity: ops.floor(quantity + 0.5),
    "down": ops.floor,
    "up": ops.ceil,
}
"""Name of a rounding to its function. Nearest is floor(m̂ + 0.5): halves go up, not to the even number."""


@keras.saving.register_keras_serializable(package="mmannot_tf")
class QuantitySelection(keras.layers.Layer):
    """Selects the top m̂ labels of each image: those with rank < max(round(m̂), least_quantity).

    The rank of a label is the number of labels with a larger logit, plus those with an equal one and a
    smaller index (Algorithm 2, step 6; the least quantity and the order of equal logits are ours). An m̂ that
    is not a number selects the least quantity.

    Args:
        least_quantity: the smallest number selected.
        rounding: a key of `ROUNDINGS`.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: `rounding` is unknown, or `least_quantity` is no whole number of at least 0.

    Example:
        >>> layer = mmannot_tf.layers.QuantitySelection()
        >>> selected, order = layer(keras.ops.array([[0.1, 3.0, -1.0]]), keras.ops.array([1.7]))
        >>> selected.numpy().tolist(), order.numpy().tolist()
        ([[True, True, False]], [[1, 0, 2]])
    """

    def __init__(self, *, least_quantity: int = 1, rounding: str = "nearest", **options: object) -> None:
        super().__init__(**options)
        if rounding not in ROUNDINGS:
            raise ValueError(
                f"rounding must be one of {', '.join(ROUNDINGS)}. Received: rounding={rounding!r}"
            )
        self.least_quantity = whole_number("least_quantity", least_quantity, least=0)
        self.rounding = rounding

    def call(self, logits: tf.Tensor, quantity: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Selects labels.

        Args:
            logits: `[B, C] float32`.
            quantity: m̂, `[B] float32`, or `[B, 1]` as a Dense layer outputs it; neither rounded nor clipped.

        Returns:
            Whether each label is selected, `[B, C] bool`, and label indices best first, `[B, C] int32`.

        Raises:
            ValueError: the shapes are others.
        """
        shape, images = tuple(quantity.shape), logits.shape[0]
        if (
            shape[1:] not in ((), (1,))
            or not shape
            or (None not in (shape[0], images) and shape[0] != images)
        ):
            raise ValueError(
                f"quantity must be one number for each image of the logits {tuple(logits.shape)}. "
                f"Received: shape={shape}"
            )
        if shape[1:]:
            quantity = ops.squeeze(quantity, 1)
        order, rank = ranking(logits)
        count = ops.expand_dims(ROUNDINGS[self.rounding](quantity), -1)
        among_best = ops.cast(rank, quantity.dtype) < count  # false where m̂ is not a number
        return ops.logical_or(among_best, rank < self.least_quantity), order

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {
            **super().get_config(),
            "least_quantity": self.least_quantity,
            "rounding": self.rounding,
        }


def ranking(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Label indices, best first, and each label's rank; both `[B, C] int32`, the lower index first if equal.

    `keras.ops.argsort` promises no stability. Other backends than TensorFlow compare all pairs of labels.
    """
    if keras.backend.backend() == "tensorflow":
        order = tf.argsort(logits, direction="DESCENDING", stable=True)
        return order, tf.argsort(order, stable=True)
    mine, other = ops.expand_dims(logits, 2), ops.expand_dims(logits, 1)
    index = ops.arange(logits.shape[-1])
    earlier = ops.expand_dims(index, 0) < ops.expand_dims(index, 1)
    before = ops.logical_or(other > mine, ops.logical_and(other == mine, earlier))
    rank = ops.sum(ops.cast(before, "int32"), axis=-1)
    return ops.cast(ops.argsort(rank, axis=-1), "int32"), rank
