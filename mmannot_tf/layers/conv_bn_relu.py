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

    The convolution has no bias, because batch normalisation adds one (beta). It starts He normal, which keeps
    the variance through a ReLU (arXiv 1502.01852, eq. 10). Gamma must not start at 0: the ReLU after it would
    stop every gradient.

    Args:
        x: `[B, H, W, C] float32`.
        filters: channels of the result.
        kernel_size: side of the square kernel.
        strides: of the convolution, in both directions.
        norm: how to make the batch-norm layer.
        gamma: initial scale of the batch-norm layer.
        name: prefix of the three layers' names.

    Returns:
        `[B, ceil(H / strides), ceil(W / strides), filters] float32`.

    Example:
        >>> image = keras.Input((7, 7, 3))
        >>> conv_bn_relu(image, 8, kernel_size=3, strides=2, norm=BatchNorm(), name="phi").shape
        (None, 4, 4, 8)
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
