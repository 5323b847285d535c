"""The dense layer of a multi-hot vector, computed from the list of its ones: an embedding bag."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="mmannot_tf")
class MultiHotDense(keras.layers.Layer):
    """ReLU(x K + b) of a multi-hot x: the sum of the kernel's rows where x is one.

    The cost grows with the lengths of the lists, not with the kernel's rows. Under the TensorFlow backend
    gathers are TensorFlow's own: they read single rows of the kernel, where `keras.ops.take` reads all of it.

    Args:
        size: T, length of the vectors and rows of the kernel, which starts Glorot uniform.
        units: D.
        **options: of `keras.layers.Layer`.

    Example:
        >>> layer = mmannot_tf.layers.MultiHotDense(size=1000, units=8)
        >>> layer(ops.array([[3, 17], [5, -1]])).shape
        TensorShape([2, 8])
    """

    def __init__(self, size: int, units: int, **options: object) -> None:
        super().__init__(**options)
        self.size, self.units = size, units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel `[T, D]`, float32 because only rows that are read are cast, and the bias `[D]`."""
        self.kernel = self.add_weight(
            name="kernel", shape=(self.size, self.units), initializer="glorot_uniform", autocast=False
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, lists: tf.Tensor, portable: bool = False, training: bool | None = None) -> tf.Tensor:
        """Returns the activations, `[B, D]`.

        Args:
            lists: positions of the ones, `[B, L] int32`, each once; -1 fills up. TensorFlow refuses positions
                beyond the vectors on a CPU; XLA and GPUs cannot, and there such a position counts as none.
            portable: use only operations that ONNX, OpenVINO, LiteRT and the other Keras backends have; every
                image then costs as much as the longest list. Other backends always do so.
            training: whether the kernel's gradient is dense, a sum over the batch. TensorFlow keeps the graph
                of such a gradient for ever, so inference does without.
        """
        portable = portable or keras.backend.backend() != "tensorflow"
        summed = self._gathered(lists) if portable else self._summed(lists, has_dense_gradient=bool(training))
        return ops.relu(ops.cast(summed, self.compute_dtype) + self.bias)

    def _gathered(self, lists: tf.Tensor) -> tf.Tensor:
        indices = ops.maximum(lists, 0)
        if keras.backend.backend() == "tensorflow":
            rows = tf.gather(self.kernel.value, indices)
        else:
            rows = ops.take(self.kernel, indices, axis=0)
        is_tag = ops.expand_dims(ops.cast(ops.logical_and(lists >= 0, lists < self.size), rows.dtype), -1)
        return ops.sum(rows * is_tag, axis=1)

    def _summed(self, lists: tf.Tensor, *, has_dense_gradient: bool) -> tf.Tensor:
        places = tf.where(lists >= 0)
        indices, count = tf.gather_nd(lists, places), ops.shape(lists)[0]
        images = tf.where(indices < self.size, places[:, 0], -1)  # sums leave out segments below 0

        def summed(kernel: tf.Tensor) -> tf.Tensor:
            return ops.segment_sum(tf.gather(kernel, indices), images, count)

        @ops.custom_gradient
        def with_dense_gradient(kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                return ops.segment_sum(tf.gather(upstream, images), indices, self.size)

            return summed(kernel), gradient

        return (with_dense_gradient if has_dense_gradient else summed)(self.kernel.value)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "size": self.size, "units": self.units}
