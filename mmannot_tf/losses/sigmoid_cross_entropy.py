"""The classification loss, eq. 4."""

from typing import Literal

import keras
import tensorflow as tf

from mmannot_tf.losses.targets import known_and_given


@keras.saving.register_keras_serializable(package="mmannot_tf")
class SigmoidCrossEntropy(keras.losses.Loss):
    """L_1 = Σ y · (-log s(l̂)) + (1 - y) · (-log(1 - s(l̂))), eq. 4, with s the sigmoid.

    Eq. 4 prints a bare sum; the paper's rates for NUS-WIDE make sense only with it.

    Args:
        over_labels: reduction over the known labels, "sum" (eq. 4) or "mean".
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
            y_true: y, multi-hot `[B, C]`; below 0 where it is unknown, which is left out.
            y_pred: l̂, logits `[B, C] float32`.

        Returns:
            `[B] float32`, finite for any finite logits.
        """
        known, y = known_and_given(y_true, y_pred)
        losses = keras.ops.binary_crossentropy(y, y_pred, from_logits=True)
        losses = keras.ops.where(known, losses, 0.0)
        if self.over_labels == "sum":
            return keras.ops.sum(losses, axis=-1)
        count = keras.ops.sum(keras.ops.cast(known, losses.dtype), axis=-1)
        of_known = keras.ops.divide_no_nan(float(losses.shape[-1]), count)  # exactly 1 where all are known
        return keras.ops.mean(losses, axis=-1) * of_known

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal loss."""
        return {**super().get_config(), "over_labels": self.over_labels}
