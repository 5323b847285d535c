"""The readings of "weight decay is set to 0.9997" (Sec. IV-A3; paper/readings, 2)."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

# The 2016 TensorFlow port of He's ResNets and TF-Slim's inception_arg_scope both pair 4e-5 with 0.9997.
L2_COEFFICIENT = 4e-5
PRINTED = 0.9997


@dataclass(frozen=True)
class WeightDecay:
    """What happens to a stage's trained kernels beside the gradient of its loss.

    Attributes:
        reading: "l2" (coefficient 4e-5), "literal" (L2 coefficient 0.9997), "shrink" (w ← 0.9997 w each
            step), "ema" (moving average of all trained weights, decay 0.9997, used at evaluation), "none".
        trained: the variables the stage trains.
        averages: the moving averages, one a trained variable ("ema"), else none.
    """

    reading: str
    trained: tuple[Any, ...]
    averages: tuple[tf.Variable, ...]

    @property
    def kernels(self) -> list[Any]:
        """Convolution and FC kernels: what L2 and shrinking act on."""
        return [variable for variable in self.trained if variable.path.endswith("/kernel")]

    def penalty(self) -> tf.Tensor:
        """Σ λ‖w‖²/2 over kernels, as tf.contrib.layers.l2_regularizer had it; scalar float32."""
        coefficient = {"l2": L2_COEFFICIENT, "literal": PRINTED}.get(self.reading, 0.0)
        if not coefficient:
            return tf.constant(0.0)
        return coefficient * tf.add_n([tf.nn.l2_loss(kernel.value) for kernel in self.kernels])

    def after_step(self) -> None:
        """What follows the optimizer's update."""
        if self.reading == "shrink":
            for kernel in self.kernels:
                kernel.assign(PRINTED * kernel.value)
        if self.reading == "ema":
            for average, variable in zip(self.averages, self.trained, strict=True):
                average.assign(PRINTED * average + (1.0 - PRINTED) * variable.value)

    @contextlib.contextmanager
    def evaluated(self) -> Iterator[None]:
        """Within: the variables hold what evaluation uses; after: what training goes on with."""
        if self.reading != "ema":
            yield
            return
        kept = [variable.numpy() for variable in self.trained]
        _assign(self.trained, self.averages)
        try:
            yield
        finally:
            _assign(self.trained, kept)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def weight_decay(reading: str, trained: Sequence[keras.Variable]) -> WeightDecay:
    """Sets a reading up for the given trained variables, inside the strategy's scope."""
    averages = [tf.Variable(variable.value) for variable in trained] if reading == "ema" else []
    return WeightDecay(reading, tuple(trained), tuple(averages))
