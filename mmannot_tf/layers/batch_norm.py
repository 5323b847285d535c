"""Batch normalisation as the whole network uses it."""

from dataclasses import dataclass

import keras
import tensorflow as tf

MOMENTUM = 0.9997
"""Decay of the moving statistics (Sec. IV-A3). It needs thousands of steps; 0.9 suits short trainings."""

EPSILON = 1e-3
"""Added to the variance (ours; Keras' default)."""


@dataclass(frozen=True)
class BatchNorm:
    """How to make batch-norm layers.

    Attributes:
        momentum: decay of the moving statistics (Sec. IV-A3: 0.9997).
        epsilon: added to the variance; the value that pretrained weights were made with.
        synchronized: under a strategy of several replicas, statistics are those of the global batch.
    """

    momentum: float
    epsilon: float
    synchronized: bool = True

    def layer(self, name: str, *, gamma: float = 1.0) -> keras.layers.BatchNormalization:
        """A batch-norm layer over the last axis.

        On one replica the plain layer computes the same thing as a synchronised one, faster, and its
        variance does not suffer from E[x²] - E[x]².

        Args:
            name: the layer's name.
            gamma: what its scale starts at.
        """
        return keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            gamma_initializer=keras.initializers.Constant(gamma),
            synchronized=self.synchronized and tf.distribute.get_strategy().num_replicas_in_sync > 1,
            name=name,
        )
