"""The basic CNN model (Sec. III-A, eq. 1): a ResNet v1 with a tap at each of its five scales.

Layer names, order and biases are those of `keras.applications.ResNet50` and its sisters, so weights map by
name; so are strides and paddings by default. The builder is our own because there all of this is fixed.
"""

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.models.architectures import ARCHITECTURES, Architecture
from mmannot_tf.models.geometry import KERAS, Geometry, Padding


def build_backbone(
    architecture: str | Architecture,
    *,
    image_size: int,
    momentum: float,
    epsilon: float,
    geometry: Geometry = KERAS,
    synchronized: bool = True,
) -> keras.Model:
    """The branch "backbone": a normalised image to the five maps M_1 … M_5.

    Convolutions start He normal, which keeps the variance through a ReLU; biases are there because the
    published weights have them.

    Args:
        architecture: a key of `ARCHITECTURES`, or an architecture of your own.
        image_size: S, side of the square input in pixels.
        momentum: decay of the batch-norm layers' moving statistics.
        epsilon: of the batch-norm layers; what the weights to be loaded were made with.
        geometry: strides and paddings; what the weights to be loaded were made with.
        synchronized: of the batch-norm layers.

    Returns:
        A model from `[B, S, S, 3] float32` to a list of five maps `[B, S/2^l, S/2^l, C_l] float32`, each
        after its ReLU; S/2^l is rounded up. M_2 … M_5 are the last of their size in a group: the output of
        its last unit, or of the one before where the last one has the stride.

    Raises:
        ValueError: `architecture` is not a known one, or has no such maps in this geometry.

    Example:
        A network of five scales that is small enough for any machine:

        >>> small = Architecture(blocks=(1, 1, 1, 1), width=8)
        >>> backbone = build_backbone(small, image_size=64, momentum=0.9, epsilon=1e-3)
        >>> map_shapes(backbone)
        [(32, 32, 8), (16, 16, 32), (8, 8, 64), (4, 4, 128), (2, 2, 256)]
    """
    shape = _architecture(architecture, geometry)
    norm = BatchNorm(momentum, epsilon, synchronized)
    image = keras.Input((image_size, image_size, 3), name="image")
    x = _stem(image, shape.width, padding=geometry.stem, norm=norm)
    maps = [x]
    x, padding = _padded(x, 3, geometry.pool, "pool1_pad")
    x = keras.layers.MaxPooling2D(3, strides=2, padding=padding, name="pool1_pool")(x)
    for group in range(2, 6):
        x, tap = _group(x, group, shape, geometry=geometry, norm=norm)
        maps.append(tap)
    return keras.Model(image, maps, name="backbone")


def map_shapes(backbone: keras.Model) -> list[tuple[int, int, int]]:
    """Height, width and channels of a backbone's five maps, as the heads on it need them."""
    return [tuple(tap.shape[1:]) for tap in backbone.outputs]


def _architecture(named: str | Architecture, geometry: Geometry) -> Architecture:
    architecture = named if isinstance(named, Architecture) else ARCHITECTURES.get(named)
    if architecture is None:
        raise ValueError(
            f"architecture must be an Architecture or one of {', '.join(ARCHITECTURES)}. "
            f"Received: architecture={named!r}"
        )
    units = enumerate(architecture.blocks, start=2)
    if not all(geometry.tap_unit(group, count) for group, count in units):
        raise ValueError(
            f"stride {geometry.stride!r} needs two units a group: one with the map, one with the stride. "
            f"Received: architecture={named!r}"
        )
    return architecture


def _padded(
    x: keras.KerasTensor, kernel_size: int, padding: Padding, name: str
) -> tuple[keras.KerasTensor, str]:
    """What a window of stride 2 goes over, and that layer's own `padding`."""
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


def _group(
    x: keras.KerasTensor, group: int, shape: Architecture, *, geometry: Geometry, norm: BatchNorm
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The units of conv{group}_x: what the next group reads, and the tap."""
    units = shape.blocks[group - 2]
    outputs = []
    for unit in range(1, units + 1):
        x = _bottleneck(
            x,
            f"conv{group}_block{unit}",
            width=shape.width * 2 ** (group - 2),
            strides=2 if unit == geometry.strided_unit(group, units) else 1,
            geometry=geometry,
            norm=norm,
        )
        outputs.append(x)
    return x, outputs[geometry.tap_unit(group, units) - 1]


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
    """The unit's input; through a 1x1 convolution where the depth changes, else every other pixel of it."""
    if x.shape[-1] != channels:
        x = _conv(channels, 1, f"{name}_0_conv", strides=strides)(x)
        return norm.layer(f"{name}_0_bn")(x)
    return x if strides == 1 else keras.layers.MaxPooling2D(1, strides=strides, name=f"{name}_0_pool")(x)


def _3x3(x: keras.KerasTensor, name: str, *, width: int, strides: int, padding: Padding) -> keras.KerasTensor:
    rest = "same"
    if strides != 1:
        x, rest = _padded(x, 3, padding, f"{name}_2_pad")
    return _conv(width, 3, f"{name}_2_conv", strides=strides, padding=rest)(x)
