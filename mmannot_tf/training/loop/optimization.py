"""How weights are updated: momentum or Adam, and the readings of "weight decay is set to 0.9997"."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training.precision import loss_scaled

# The 2016 TensorFlow port of He's ResNets and TF-Slim's inception_arg_scope both pair 4e-5 with 0.9997.
L2_COEFFICIENT = 4e-5
PRINTED = 0.9997


def build_optimizer(settings: StageSettings, training: TrainingSettings) -> keras.optimizers.Optimizer:
    """The optimizer of a stage, with loss scaling where the precision needs it."""
    if settings.optimizer == "adam":
        optimizer = keras.optimizers.Adam(settings.learning_rate)
    else:
        optimizer = Momentum(settings.learning_rate, training.momentum)
    return loss_scaled(optimizer, training.precision)


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


@dataclass(frozen=True)
class WeightDecay:
    """One reading of the paper's weight decay (Sec. IV-A3; docs/fidelity.md, reading 2), applied to a stage.

    Attributes:
        reading: "l2" (coefficient 4e-5), "literal" (L2 coefficient 0.9997), "shrink" (w ← 0.9997 w each
            step), "ema" (moving average of all trained weights, decay 0.9997, used at evaluation), "none".
        trained: the variables the stage trains.
        averages: the moving averages, one per trained variable ("ema"); empty for other readings.
    """

    reading: str
    trained: tuple[Any, ...]
    averages: tuple[tf.Variable, ...]

    @property
    def kernels(self) -> list[Any]:
        """Convolution and FC kernels: the variables that L2 and shrinking change."""
        return [variable for variable in self.trained if variable.path.endswith("/kernel")]

    def penalty(self) -> tf.Tensor:
        """Σ λ‖w‖²/2 over kernels, as tf.contrib.layers.l2_regularizer had it; scalar float32."""
        coefficient = {"l2": L2_COEFFICIENT, "literal": PRINTED}.get(self.reading, 0.0)
        if not coefficient:
            return tf.constant(0.0)
        return coefficient * tf.add_n([tf.nn.l2_loss(kernel.value) for kernel in self.kernels])

    def after_step(self) -> None:
        """Shrinks the kernels or updates the averages, after the optimizer's update."""
        if self.reading == "shrink":
            for kernel in self.kernels:
                kernel.assign(PRINTED * kernel.value)
        if self.reading == "ema":
            for average, variable in zip(self.averages, self.trained, strict=True):
                average.assign(PRINTED * average + (1.0 - PRINTED) * variable.value)

    @contextlib.contextmanager
    def evaluated(self) -> Iterator[None]:
        """Sets the variables to their values for evaluation within the context."""
        if self.reading != "ema":
            yield
            return
        training = [variable.numpy() for variable in self.trained]
        _assign(self.trained, self.averages)
        try:
            yield
        finally:
            _assign(self.trained, training)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def weight_decay(reading: str, trained: Sequence[keras.Variable]) -> WeightDecay:
    """Makes a stage's weight decay; call it inside the strategy's scope, because "ema" creates variables.

    Args:
        reading: as in `WeightDecay`.
        trained: the variables that the stage trains.
    """
    averages = [tf.Variable(variable.value) for variable in trained] if reading == "ema" else []
    return WeightDecay(reading, tuple(trained), tuple(averages))
