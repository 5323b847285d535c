"""How weights are updated: momentum or Adam, the learning rate's schedule, and clipped gradients."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training.precision import loss_scaled


def build_optimizer(
    settings: StageSettings, training: TrainingSettings, steps: int
) -> keras.optimizers.Optimizer:
    """The optimizer of a stage with `steps` steps an epoch; it scales losses where the precision needs it.

    A constant learning rate stays a variable of the optimizer; any other is a `LearningRate`.
    """
    is_constant = settings.schedule == "constant" and not settings.warmup_epochs
    rate = settings.learning_rate if is_constant else LearningRate(settings, steps)
    if settings.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate)
    else:
        optimizer = Momentum(rate, training.momentum)
    return loss_scaled(optimizer, training.precision)


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step of a stage, as `StageSettings` describes it.

    The rate of warm-up step i of n, counted from 1, is i / n of the peak. The cosine begins where the warm-up
    ends; decay epochs count from the stage's first step.
    """

    def __init__(self, settings: StageSettings, steps: int):
        """Takes a stage's settings and its number of steps in an epoch."""
        self._settings, self._steps = settings, steps

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate of a step, counted from 0; float32 scalar."""
        settings = self._settings
        warmup = settings.warmup_epochs * self._steps
        step = tf.cast(step, tf.float32)
        rate = tf.constant(settings.learning_rate, tf.float32)
        if settings.schedule == "cosine":
            done = tf.clip_by_value((step - warmup) / (settings.epochs * self._steps - warmup), 0.0, 1.0)
            rate *= 0.5 * (1.0 + tf.cos(math.pi * done))
        for epoch in settings.decay_epochs:
            rate = tf.where(step >= epoch * self._steps, settings.decay_factor * rate, rate)
        return rate * tf.minimum(1.0, (step + 1.0) / warmup) if warmup else rate

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {"settings": self._settings, "steps": self._steps}


def clipped(gradients: Sequence[tf.Tensor], norm: float | tf.Tensor) -> list[tf.Tensor]:
    """A replica's gradients, scaled so that the global norm of their sum over the replicas is at most `norm`.

    Gradients that are not finite stay so. The source is Pascanu et al. (2013), algorithm 1, over all weights.
    """
    context = tf.distribute.get_replica_context()
    sums = context.all_reduce("SUM", list(gradients)) if context.num_replicas_in_sync > 1 else gradients
    factor = tf.minimum(1.0, norm / tf.linalg.global_norm(sums))
    return [factor * gradient for gradient in gradients]


@keras.saving.register_keras_serializable(package="mmannot_tf")
class Momentum(keras.optimizers.SGD):
    """`keras.optimizers.SGD`: v ← μ v - η g, w ← w + v; bit-exact on CPUs.

    Keras computes the update with an array of the weights' size for each product and difference; TensorFlow
    has one kernel for all of it.
    """

    def __init__(self, learning_rate: float, momentum: float, **options: Any):
        """Takes the arguments of `keras.optimizers.SGD`."""
        super().__init__(learning_rate, momentum=momentum, **options)

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: tf.Tensor) -> None:
        """Updates one variable and its velocity v. Without momentum Keras' own update is used."""
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        weights, velocity = (
            array.value if isinstance(array, keras.Variable) else array for array in (variable, velocity)
        )
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=weights.handle,
            accum=velocity.handle,
            lr=tf.cast(learning_rate, weights.dtype),
            grad=tf.cast(gradient, weights.dtype),
            momentum=tf.cast(self.momentum, weights.dtype),
        )
