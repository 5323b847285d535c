"""The classification loss, eq. 4."""

from typing import Literal

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="mmannot_tf")
class SigmoidCrossEntropy(keras.losses.Loss):
    """L_1 = Σ y · (-log s(l̂)) + (1 - y) · (-log(1 - s(l̂))), eq. 4, with s the sigmoid.

    Eq. 4 prints a bare sum; the paper's rates for NUS-WIDE make sense only with it.

    Args:
        over_labels: reduction over the labels, "sum" (eq. 4) or "mean".
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> loss = mmannot_tf.losses.SigmoidCrossEntropy()
        >>> loss.call(np.array([[1.0, 0.0]]), np.zeros((1, 2), "float32")).numpy()
        array([1.3862944], dtype=float32)
    """

    def __init__(
        self,
        over_labels: Literal["sum", "mean"] = "sum",
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "sigmoid_cross_entropy",
    ):
        super().__init__(name=name, reduction=reduction)
        if over_labels not in ("sum", "mean"):
            raise ValueError(f"over_labels must be 'sum' or 'mean'. Received: over_labels={over_labels!r}")
        self.over_labels = over_labels

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: y, multi-hot `[B, C]`.
            y_pred: l̂, logits `[B, C] float32`.

        Returns:
            `[B] float32`, finite for any finite logits.
        """
        y = keras.ops.cast(y_true, y_pred.dtype)
        losses = keras.ops.binary_crossentropy(y, y_pred, from_logits=True)
        reduce = keras.ops.sum if self.over_labels == "sum" else keras.ops.mean
        return reduce(losses, axis=-1)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal loss."""
        return {**super().get_config(), "over_labels": self.over_labels}
