"""Stochastic gradient descent with momentum, as Keras computes it, in one pass over the weights."""

from typing import Any

import keras
import tensorflow as tf


class Momentum(keras.optimizers.SGD):
    """`keras.optimizers.SGD`: v ← μ v - η g, w ← w + v. On CPUs, to the same bits.

    Keras spells the update out, with an array as large as the weights for each product and difference;
    TensorFlow has a kernel for all of it.
    """

    def __init__(self, learning_rate: float, momentum: float):
        """Both as Keras takes them."""
        super().__init__(learning_rate, momentum=momentum)

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: tf.Tensor) -> None:
        """Updates one variable and its velocity v; without momentum, as Keras does."""
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        weights, velocity = (
            one.value if isinstance(one, keras.Variable) else one for one in (variable, velocity)
        )
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=weights.handle,
            accum=velocity.handle,
            lr=tf.cast(learning_rate, weights.dtype),
            grad=tf.cast(gradient, weights.dtype),
            momentum=tf.cast(self.momentum, weights.dtype),
        )
