"""The classification loss, eq. 4."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf


@dataclass(frozen=True)
class SigmoidCrossEntropy:
    """L_1 = Σ y · (-log s(l̂)) + (1 - y) · (-log(1 - s(l̂))), s the sigmoid; one value an example.

    Eq. 4 prints a bare sum; the paper's rates for NUS-WIDE make sense only with it.

    Attributes:
        reduction: over the labels, "sum" (eq. 4) or "mean".
    """

    reduction: Literal["sum", "mean"] = "sum"

    def __post_init__(self) -> None:
        if self.reduction not in ("sum", "mean"):
            raise ValueError(f"reduction must be 'sum' or 'mean'. Received: reduction={self.reduction!r}")

    def __call__(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The loss of each example.

        Args:
            targets: y, multi-hot `[B, C]`.
            logits: l̂, `[B, C] float32`.

        Returns:
            `[B] float32`, finite for any finite logits.
        """
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(targets, logits.dtype), logits)
        reduce = tf.reduce_sum if self.reduction == "sum" else tf.reduce_mean
        return reduce(losses, axis=-1)
