"""Features with mean 0 and standard deviation 1, as a layer."""

from typing import Any

import keras
import numpy as np

FLOOR = 0.01
"""Ours: units that hardly vary are divided by this share of the usual deviation, not by their own."""


@keras.saving.register_keras_serializable(package="mmannot_tf")
class FeatureStandardization(keras.layers.Layer):
    """Computes (features - mean) / deviation, unit by unit.

    Both are weights that training does not change; a new layer has mean 0 and deviation 1. Gradient descent
    converges faster on such inputs (LeCun et al. 1998, "Efficient BackProp", Sec. 4.3).

    Example:
        >>> layer = FeatureStandardization()
        >>> layer.adapt(np.float32([[1, 10], [3, 30]]))
        >>> layer(np.float32([[2, 40]])).numpy()
        array([[0., 2.]], dtype=float32)
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the two weights, [D]."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=shape, initializer="ones", trainable=False, name="deviation")

    def adapt(self, features: np.ndarray) -> None:
        """Takes mean and deviation from the features of the training images, float32 [N, D]."""
        if not self.built:
            self.build(features.shape)
        mean, deviation = mean_and_deviation(features)
        self.mean.assign(mean)
        self.deviation.assign(deviation)

    def call(self, features: Any) -> Any:
        """Standardises features, [B, D]."""
        return (features - self.mean) / self.deviation


def mean_and_deviation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each unit, and what its difference from the mean is divided by.

    Args:
        features: float32 [N, D], or [N, P, D] of P places each.

    Returns:
        Mean and deviation, float32 [D]. The deviation is at least `FLOOR` times the root mean square of all
        units' deviations, and 1 where no unit varies.
    """
    units = features.reshape(-1, features.shape[-1])
    mean = units.mean(axis=0, dtype=np.float64)
    deviation = units.std(axis=0, dtype=np.float64)
    least = FLOOR * np.sqrt(np.mean(deviation**2))
    return mean.astype(np.float32), np.maximum(deviation, least or 1.0).astype(np.float32)
