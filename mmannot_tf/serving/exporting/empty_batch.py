"""Functions that also answer a batch without images."""

from collections.abc import Callable

import tensorflow as tf


def of_any_batch(function: Callable[..., dict[str, tf.Tensor]], *inputs: tf.Tensor) -> dict[str, tf.Tensor]:
    """Computes a function's outputs for a batch, also for an empty one.

    oneDNN's convolution, which TensorFlow 2.21 uses on processors with AVX512-VNNI, gives an empty batch the
    shape of its input. An empty batch therefore runs as one row of zeros or "", whose outputs are dropped.

    Args:
        function: from tensors [B, ...] to outputs by name, [B, ...] each.
        inputs: its arguments, of any B.
    """
    images = tf.shape(inputs[0])[0]
    missing = tf.cast(images == 0, tf.int32)
    rows = (tf.zeros(tf.concat([[missing], tf.shape(batch)[1:]], 0), batch.dtype) for batch in inputs)
    outputs = function(*(tf.concat([batch, row], 0) for batch, row in zip(inputs, rows, strict=True)))
    return {name: values[:images] for name, values in outputs.items()}
