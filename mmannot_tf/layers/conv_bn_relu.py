"""Convolution, batch normalisation, ReLU: the composite function φ of eq. 3."""

import keras

from mmannot_tf.layers.batch_norm import BatchNorm


def conv_bn_relu(
    x: keras.KerasTensor,
    filters: int,
    *,
    kernel_size: int,
    strides: int = 1,
    norm: BatchNorm,
    gamma: float = 1.0,
    name: str,
) -> keras.KerasTensor:
    """φ(x) = ReLU(BN(Conv(x))), zero padding "same", as layers `{name}_conv`, `{name}_bn`, `{name}_relu`.

    The convolution has no bias (batch normalisation's beta is one) and starts He normal, which keeps
    the variance through a ReLU. Gamma must not start at 0: the ReLU behind it would stop every gradient.

    Args:
        x: `[B, H, W, C] float32`.
        filters: channels of the result.
        kernel_size: side of the square kernel.
        strides: of the convolution, along both sides.
        norm: of the batch-norm layer.
        gamma: what its scale starts at.
        name: prefix of the three layers' names.

    Returns:
        `[B, ceil(H / strides), ceil(W / strides), filters] float32`.
    """
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = norm.layer(f"{name}_bn", gamma=gamma)(x)
    return keras.layers.Activation("relu", name=f"{name}_relu")(x)
