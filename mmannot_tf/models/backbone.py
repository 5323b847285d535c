"""The basic CNN model (Sec. III-A, eq. 1): a ResNet v1 with a tap at each of its five scales.

Layer names, order, padding and biases are those of `keras.applications.ResNet50` and its sisters, so weights
map by name. The builder is our own because there momentum, epsilon and the place of the stride are fixed.
"""

from collections.abc import Callable, Mapping

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.models.architectures import ARCHITECTURES, Architecture

STRIDE_PLACEMENTS: Mapping[str, Callable[[int, int], bool]] = {
    "first": lambda unit, units: unit == 1,  # He's Caffe models, Keras
}
"""For the groups conv3 to conv5: does the 1x1 convolution of this unit (from 1, of so many) have stride 2?"""


def build_backbone(
    architecture: str, *, image_size: int, momentum: float, epsilon: float, stride: str = "first"
) -> keras.Model:
    """The branch "backbone": a normalised image to the five maps M_1 … M_5.

    Convolutions start He normal, which keeps the variance through a ReLU; biases are there because the
    published weights have them.

    Args:
        architecture: a key of `ARCHITECTURES`.
        image_size: S, side of the square input in pixels.
        momentum: decay of the batch-norm layers' moving statistics.
        epsilon: of the batch-norm layers; what the weights to be loaded were made with.
        stride: a key of `STRIDE_PLACEMENTS`; what the weights to be loaded were made with.

    Returns:
        A model from `[B, S, S, 3] float32` to a list of five maps `[B, S/2^l, S/2^l, C_l] float32`, each
        after its ReLU; S/2^l is rounded up.

    Raises:
        ValueError: `architecture` or `stride` is not a known one.
    """
    shape = _known("architecture", architecture, ARCHITECTURES)
    strides_at = _known("stride", stride, STRIDE_PLACEMENTS)
    norm = BatchNorm(momentum, epsilon)
    image = keras.Input((image_size, image_size, 3), name="image")
    x = _stem(image, shape.width, norm)
    maps = [x]
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for group in range(2, 6):
        x = _group(x, group, shape, strides_at=strides_at, norm=norm)
        maps.append(x)
    return keras.Model(image, maps, name="backbone")


def map_shapes(backbone: keras.Model) -> list[tuple[int, int, int]]:
    """Height, width and channels of a backbone's five maps, as the heads on it need them."""
    return [tuple(tap.shape[1:]) for tap in backbone.outputs]


def _known(what: str, key: str, table: Mapping):
    if key not in table:
        raise ValueError(f"{what} must be one of {', '.join(table)}. Received: {what}={key!r}")
    return table[key]


def _conv(filters: int, kernel_size: int, name: str, **options) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, kernel_size, kernel_initializer="he_normal", name=name, **options)


def _stem(image: keras.KerasTensor, width: int, norm: BatchNorm) -> keras.KerasTensor:
    """conv1: M_1, `[B, S/2, S/2, width]`."""
    x = keras.layers.ZeroPadding2D(3, name="conv1_pad")(image)
    x = _conv(width, 7, "conv1_conv", strides=2)(x)
    x = norm.layer("conv1_bn")(x)
    return keras.layers.Activation("relu", name="conv1_relu")(x)


def _group(
    x: keras.KerasTensor, group: int, shape: Architecture, *, strides_at: Callable, norm: BatchNorm
) -> keras.KerasTensor:
    """The units of conv{group}_x; its last unit's output is a tap."""
    units = shape.blocks[group - 2]
    for unit in range(1, units + 1):
        x = _bottleneck(
            x,
            f"conv{group}_block{unit}",
            width=shape.width * 2 ** (group - 2),
            strides=2 if group > 2 and strides_at(unit, units) else 1,
            norm=norm,
        )
    return x


def _bottleneck(
    x: keras.KerasTensor, name: str, *, width: int, strides: int, norm: BatchNorm
) -> keras.KerasTensor:
    """1x1, 3x3, 1x1 around a shortcut, which is a 1x1 convolution where the shape changes."""
    shortcut = x
    if strides != 1 or x.shape[-1] != 4 * width:
        shortcut = _conv(4 * width, 1, f"{name}_0_conv", strides=strides)(x)
        shortcut = norm.layer(f"{name}_0_bn")(shortcut)
    x = _conv(width, 1, f"{name}_1_conv", strides=strides)(x)
    x = norm.layer(f"{name}_1_bn")(x)
    x = keras.layers.Activation("relu", name=f"{name}_1_relu")(x)
    x = _conv(width, 3, f"{name}_2_conv", padding="same")(x)
    x = norm.layer(f"{name}_2_bn")(x)
    x = keras.layers.Activation("relu", name=f"{name}_2_relu")(x)
    x = _conv(4 * width, 1, f"{name}_3_conv")(x)
    x = norm.layer(f"{name}_3_bn")(x)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_out")(x)
