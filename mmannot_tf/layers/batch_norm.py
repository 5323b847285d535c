"""Batch normalisation as the whole network uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

MOMENTUM = 0.9997
"""Decay of the moving statistics (Sec. IV-A3). It needs thousands of steps; 0.9 suits short trainings."""

EPSILON = 1e-3
"""Added to the variance (ours; Keras' default)."""


@dataclass(frozen=True)
class BatchNorm:
    """How to make batch-norm layers (Ioffe and Szegedy, arXiv 1502.03167).

    Attributes:
        momentum: decay of the moving statistics (Sec. IV-A3: 0.9997).
        epsilon: added to the variance; for pretrained weights, the value they were trained with. None for
            `EPSILON`, and for what a copied layer has.
        synchronized: whether several replicas share the statistics of the global batch.

    Example:
        >>> BatchNorm(momentum=0.9).layer("bn").momentum
        0.9
    """

    momentum: float = MOMENTUM
    epsilon: float | None = EPSILON
    synchronized: bool = True

    def layer(self, name: str, *, gamma: float = 1.0) -> keras.layers.BatchNormalization:
        """A batch-norm layer over the last axis.

        On one replica it is never synchronised: the plain layer is faster, and its variance does not lose
        digits in E[x²] - E[x]².

        Args:
            name: of the layer.
            gamma: initial scale.
        """
        return keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=EPSILON if self.epsilon is None else self.epsilon,
            gamma_initializer=keras.initializers.Constant(gamma),
            synchronized=self._is_synchronized(),
            name=name,
        )

    def configured(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The config of a batch-norm layer that is copied, with these values.

        Args:
            config: from `get_config` of the original.
        """
        epsilon = {} if self.epsilon is None else {"epsilon": self.epsilon}
        synchronized = self._is_synchronized()
        return {**config, "momentum": self.momentum, "synchronized": synchronized, **epsilon}

    def _is_synchronized(self) -> bool:
        return self.synchronized and tf.distribute.get_strategy().num_replicas_in_sync > 1
