"""The dense layer of a multi-hot vector, computed from the list of its ones: an embedding bag."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="mmannot")
class MultiHotDense(keras.layers.Layer):
    """ReLU(x K + b) of a multi-hot x: the sum of the kernel's rows where x is one.

    From lists it costs their entries, however many rows the kernel has; from vectors it is the plain product.

    Args:
        size: T, of the vectors: rows of the kernel, which starts Glorot uniform.
        units: D.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, size: int, units: int, **options):
        super().__init__(**options)
        self.size, self.units = size, units

    def build(self, _: tuple) -> None:
        """Makes the kernel `[T, D]`, of which only the rows that are read are cast, and the bias `[D]`."""
        self.kernel = self.add_weight(
            name="kernel", shape=(self.size, self.units), initializer="glorot_uniform", autocast=False
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """From lists, int32 [B, L] as `data.tag_lists` says, or vectors, float [B, T], to [B, D]."""
        if x.dtype.is_integer:
            summed = tf.cast(self._rows_summed(x), self.compute_dtype)
        else:
            summed = x @ tf.cast(self.kernel.value, self.compute_dtype)
        return tf.nn.relu(summed + self.bias)

    def _rows_summed(self, lists: tf.Tensor) -> tf.Tensor:
        """The sums over each list, [B, D], in the kernel's own type."""
        places = tf.where(lists >= 0)
        images, indices, count = places[:, 0], tf.gather_nd(lists, places), tf.shape(lists)[0]

        @tf.custom_gradient
        def summed(kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                return tf.math.unsorted_segment_sum(tf.gather(upstream, images), indices, self.size)

            return tf.math.unsorted_segment_sum(tf.gather(kernel, indices), images, count), gradient

        return summed(self.kernel.value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "size": self.size, "units": self.units}
