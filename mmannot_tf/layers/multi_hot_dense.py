"""The dense layer of a multi-hot vector, computed from the list of its ones: an embedding bag."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="mmannot")
class MultiHotDense(keras.layers.Layer):
    """ReLU(x K + b) of a multi-hot x: the sum of the kernel's rows where x is one.

    It costs what the lists hold, however many rows the kernel has.

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

    def call(self, lists: tf.Tensor, portable: bool = False) -> tf.Tensor:
        """From lists, int32 [B, L] as `data.tag_lists` says, to [B, D].

        Args:
            lists: of the ones.
            portable: by operations that ONNX, OpenVINO and LiteRT have; every image then costs the longest
                list.
        """
        summed = self._gathered(lists) if portable else self._summed(lists)
        return tf.nn.relu(tf.cast(summed, self.compute_dtype) + self.bias)

    def _gathered(self, lists: tf.Tensor) -> tf.Tensor:
        rows = tf.gather(self.kernel.value, tf.maximum(lists, 0))
        there = tf.expand_dims(tf.cast(lists >= 0, rows.dtype), -1)
        return tf.reduce_sum(rows * there, axis=1)

    def _summed(self, lists: tf.Tensor) -> tf.Tensor:
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
