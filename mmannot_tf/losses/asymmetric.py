"""The asymmetric loss of Ridnik et al., "Asymmetric Loss For Multi-Label Classification".

ICCV 2021, arXiv 2009.14119.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.losses.targets import check_shapes, known_and_given

TINY = float(np.finfo(np.float32).tiny)
"""The smallest normal number: a power's gradient is still finite there."""


@keras.saving.register_keras_serializable(package="mmannot_tf")
class AsymmetricLoss(keras.losses.Loss):
    """L = Σ -y L+ - (1 - y) L-, with p the sigmoid and p_m = max(p - m, 0) (Ridnik et al., Sec. 3).

    L+ = (1 - p)^γ+ log(p) and L- = p_m^γ- log(1 - p_m). With γ+ = γ- = m = 0 it is the sigmoid
    cross-entropy.

    Args:
        gamma_negative: γ-, the focusing of the negatives, at least 0.
        gamma_positive: γ+, the focusing of the positives, at least 0.
        margin: m, in [0, 1].
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> loss = mmannot_tf.losses.AsymmetricLoss(gamma_negative=3.0, gamma_positive=2.0, margin=0.25)
        >>> loss.call(np.array([[1.0, 0.0]]), np.zeros((1, 2), "float32")).numpy()
        array([0.17778184], dtype=float32)
    """

    def __init__(
        self,
        gamma_negative: float = 4.0,
        gamma_positive: float = 0.0,
        margin: float = 0.05,
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "asymmetric_loss",
    ):
        super().__init__(name=name, reduction=reduction)
        if not (0 <= gamma_negative < math.inf and 0 <= gamma_positive < math.inf and 0 <= margin <= 1):
            raise ValueError(
                "gamma_* must be finite and at least 0, and margin in [0, 1]. Received: "
                f"gamma_negative={gamma_negative}, gamma_positive={gamma_positive}, margin={margin}"
            )
        self.gamma_negative = gamma_negative
        self.gamma_positive = gamma_positive
        self.margin = margin

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: y, multi-hot `[B, C]`; below 0 where it is unknown, which is left out.
            y_pred: the logits whose sigmoid p is, `[B, C] float32`.

        Returns:
            `[B] float32`, with its gradient finite for any finite logits.
        """
        check_shapes(y_true, y_pred)
        known, y = known_and_given(y_true, y_pred)
        losses = y * self._positive(y_pred) + (1.0 - y) * self._negative(y_pred)
        return -keras.ops.sum(keras.ops.where(known, losses, 0.0), axis=-1)

    def _positive(self, logits: tf.Tensor) -> tf.Tensor:
        """L+, with (1 - p)^γ+ as exp(γ+ log(1 - p))."""
        focus = keras.ops.exp(self.gamma_positive * keras.ops.log_sigmoid(-logits))
        return focus * keras.ops.log_sigmoid(logits)

    def _negative(self, logits: tf.Tensor) -> tf.Tensor:
        """L-; p_m kept from 0, where the gradient of a power below 1 is infinite."""
        p_m = keras.ops.maximum(keras.ops.sigmoid(logits) - self.margin, TINY)
        return keras.ops.power(p_m, self.gamma_negative) * self._log_complement(logits)

    def _log_complement(self, logits: tf.Tensor) -> tf.Tensor:
        """log(1 - p_m), from 1 - p rather than p, which rounds to 1."""
        if not self.margin:
            return keras.ops.log_sigmoid(-logits)
        return keras.ops.log(keras.ops.minimum(keras.ops.sigmoid(-logits) + self.margin, 1.0))

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal loss."""
        return {
            **super().get_config(),
            "gamma_negative": self.gamma_negative,
            "gamma_positive": self.gamma_positive,
            "margin": self.margin,
        }
