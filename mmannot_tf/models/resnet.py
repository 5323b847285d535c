"""The ResNet v1 (He et al., arXiv 1512.03385, Fig. 5 right) of the basic CNN model.

Layer names, order and biases are those of `keras.applications.ResNet50` and its sisters, so weights map by
name; so are strides and paddings by default. keras.applications fixes all of these, so it cannot build the
other geometries.
"""

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.models.architectures import Architecture
from mmannot_tf.models.geometry import Geometry, Padding


def resnet_taps(architecture: Architecture, geometry: Geometry) -> tuple[str, ...]:
    """Names of the layers whose outputs are M_1 … M_5: the last ReLU of each size.

    Raises:
        ValueError: a group has no output of its size, because its only unit has the stride.
    """
    units = [geometry.tap_unit(group, count) for group, count in enumerate(architecture.blocks, start=2)]
    if not all(units):
        raise ValueError(
            f"stride {geometry.stride!r} needs two units a group: one with the map, one with the stride. "
            f"Received: architecture={architecture!r}"
        )
    return ("conv1_relu", *(f"conv{group}_block{unit}_out" for group, unit in enumerate(units, start=2)))


def resnet(
    image: keras.KerasTensor, norm: BatchNorm, *, architecture: Architecture, geometry: Geometry
) -> keras.KerasTensor:
    """The layers from a normalised image, `[B, S, S, 3] float32`, to the last unit's ReLU.

    Convolutions start He normal, which keeps the variance through a ReLU; biases are there because the
    published weights have them.
    """
    x = _stem(image, architecture.width, padding=geometry.stem, norm=norm)
    x, padding = _padded(x, 3, geometry.pool, "pool1_pad")
    x = keras.layers.MaxPooling2D(3, strides=2, padding=padding, name="pool1_pool")(x)
    for group, units in enumerate(architecture.blocks, start=2):
        for unit in range(1, units + 1):
            x = _bottleneck(
                x,
                f"conv{group}_block{unit}",
                width=architecture.width * 2 ** (group - 2),
                strides=2 if unit == geometry.strided_unit(group, units) else 1,
                geometry=geometry,
                norm=norm,
            )
    return x


def _padded(
    x: keras.KerasTensor, kernel_size: int, padding: Padding, name: str
) -> tuple[keras.KerasTensor, str]:
    """Pads for a window of stride 2. Returns the result and the `padding` that the window's layer needs."""
    if padding == "same":
        return x, "same"
    return keras.layers.ZeroPadding2D(kernel_size // 2, name=name)(x), "valid"


def _conv(filters: int, kernel_size: int, name: str, **options: object) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, kernel_size, kernel_initializer="he_normal", name=name, **options)


def _stem(image: keras.KerasTensor, width: int, *, padding: Padding, norm: BatchNorm) -> keras.KerasTensor:
    """conv1: M_1, `[B, S/2, S/2, width]`."""
    x, rest = _padded(image, 7, padding, "conv1_pad")
    x = _conv(width, 7, "conv1_conv", strides=2, padding=rest)(x)
    x = norm.layer("conv1_bn")(x)
    return keras.layers.Activation("relu", name="conv1_relu")(x)


def _bottleneck(
    x: keras.KerasTensor, name: str, *, width: int, strides: int, geometry: Geometry, norm: BatchNorm
) -> keras.KerasTensor:
    """1x1, 3x3, 1x1 around a shortcut."""
    shortcut = _shortcut(x, name, channels=4 * width, strides=strides, norm=norm)
    first = strides if geometry.stride == "first_1x1" else 1
    x = _conv(width, 1, f"{name}_1_conv", strides=first)(x)
    x = norm.layer(f"{name}_1_bn")(x)
    x = keras.layers.Activation("relu", name=f"{name}_1_relu")(x)
    x = _3x3(x, name, width=width, strides=strides // first, padding=geometry.strided)
    x = norm.layer(f"{name}_2_bn")(x)
    x = keras.layers.Activation("relu", name=f"{name}_2_relu")(x)
    x = _conv(4 * width, 1, f"{name}_3_conv")(x)
    x = norm.layer(f"{name}_3_bn")(x)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_out")(x)


def _shortcut(
    x: keras.KerasTensor, name: str, *, channels: int, strides: int, norm: BatchNorm
) -> keras.KerasTensor:
    """The unit's input: through a 1x1 convolution if the depth changes, else subsampled by `strides`."""
    if x.shape[-1] != channels:
        x = _conv(channels, 1, f"{name}_0_conv", strides=strides)(x)
        return norm.layer(f"{name}_0_bn")(x)
    return x if strides == 1 else keras.layers.MaxPooling2D(1, strides=strides, name=f"{name}_0_pool")(x)


def _3x3(x: keras.KerasTensor, name: str, *, width: int, strides: int, padding: Padding) -> keras.KerasTensor:
    rest = "same"
    if strides != 1:
        x, rest = _padded(x, 3, padding, f"{name}_2_pad")
    return _conv(width, 3, f"{name}_2_conv", strides=strides, padding=rest)(x)
