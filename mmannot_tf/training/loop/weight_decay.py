"""The readings of the paper's "weight decay is set to 0.9997" that change losses or weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

PRINTED = 0.9997


@dataclass(frozen=True)
class WeightDecay:
    """One reading of the paper's weight decay (Sec. IV-A3; docs/fidelity.md, reading 2), applied to a stage.

    Attributes:
        reading: "l2", "literal" (L2 coefficient 0.9997), "shrink" (w ← 0.9997 w each step), or another one,
            which changes nothing here.
        trained: the variables the stage trains.
        l2_coefficient: λ of the reading "l2".
    """

    reading: str
    trained: Sequence[Any]
    l2_coefficient: float

    @property
    def kernels(self) -> list[Any]:
        """Convolution and FC kernels: the variables that L2 and shrinking change."""
        return [variable for variable in self.trained if variable.path.endswith("/kernel")]

    def penalty(self) -> tf.Tensor:
        """Σ λ‖w‖²/2 over kernels, as tf.contrib.layers.l2_regularizer had it; scalar float32."""
        coefficient = {"l2": self.l2_coefficient, "literal": PRINTED}.get(self.reading, 0.0)
        if not coefficient:
            return tf.constant(0.0)
        return coefficient * tf.add_n([tf.nn.l2_loss(kernel.value) for kernel in self.kernels])

    def after_step(self) -> None:
        """Shrinks the kernels, after the optimizer's update."""
        if self.reading == "shrink":
            for kernel in self.kernels:
                kernel.assign(PRINTED * kernel.value)
