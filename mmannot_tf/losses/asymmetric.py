"""The asymmetric loss of Ridnik et al., "Asymmetric Loss For Multi-Label Classification".

ICCV 2021, arXiv 2009.14119.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

TINY = float(np.finfo(np.float32).tiny)
"""The smallest normal number: a power's gradient is still finite there."""


@dataclass(frozen=True)
class AsymmetricLoss:
    """L = Σ -y L+ - (1 - y) L-, one value an example, with p the sigmoid and p_m = max(p - m, 0).

    L+ = (1 - p)^γ+ log(p) and L- = p_m^γ- log(1 - p_m). With γ+ = γ- = m = 0 it is the sigmoid
    cross-entropy.

    Attributes:
        gamma_negative: γ-, the focusing of the negatives, at least 0.
        gamma_positive: γ+, that of the positives, at least 0.
        margin: m, in [0, 1].
    """

    gamma_negative: float = 4.0
    gamma_positive: float = 0.0
    margin: float = 0.05

    def __post_init__(self) -> None:
        if self.gamma_negative < 0 or self.gamma_positive < 0 or not 0 <= self.margin <= 1:
            raise ValueError(f"gamma_* must be at least 0 and margin in [0, 1]. Received: {self}")

    def __call__(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The loss of each example.

        Args:
            targets: y, multi-hot `[B, C]`.
            logits: whose sigmoid p is, `[B, C] float32`.

        Returns:
            `[B] float32`, with its gradient finite for any finite logits.
        """
        y = tf.cast(targets, logits.dtype)
        return -tf.reduce_sum(y * self._positive(logits) + (1.0 - y) * self._negative(logits), axis=-1)

    def _positive(self, logits: tf.Tensor) -> tf.Tensor:
        """L+, with (1 - p)^γ+ as exp(γ+ log(1 - p))."""
        focus = tf.exp(self.gamma_positive * tf.math.log_sigmoid(-logits))
        return focus * tf.math.log_sigmoid(logits)

    def _negative(self, logits: tf.Tensor) -> tf.Tensor:
        """L-; p_m kept from 0, where the gradient of a power below 1 is infinite."""
        p_m = tf.maximum(tf.sigmoid(logits) - self.margin, TINY)
        return tf.pow(p_m, self.gamma_negative) * self._log_complement(logits)

    def _log_complement(self, logits: tf.Tensor) -> tf.Tensor:
        """log(1 - p_m), from 1 - p rather than p, which rounds to 1."""
        if not self.margin:
            return tf.math.log_sigmoid(-logits)
        return tf.math.log(tf.minimum(tf.sigmoid(-logits) + self.margin, 1.0))
