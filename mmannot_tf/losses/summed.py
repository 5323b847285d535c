"""Several losses of one network, summed: for stages that predict more than one thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class SummedLoss:
    """L = L_1 + L_2 for joint training (ours; the paper trains the two apart); one value an example.

    Both weigh 1: the equations state no weights. With eq. 4 summed over the labels, as it is printed, L_1 is
    the larger for most of the training; `training.loss_reduction = "mean"` makes it C times smaller.

    Attributes:
        losses: target → loss (targets, outputs) → `[B] float32`, equations 4 and 5.
    """

    losses: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]

    def __call__(self, targets: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The loss of each example.

        Args:
            targets: target → true values, `[B, …]`.
            outputs: target → predicted values, `[B, …] float32`.

        Returns:
            `[B] float32`.
        """
        return tf.add_n([loss(targets[name], outputs[name]) for name, loss in self.losses.items()])
