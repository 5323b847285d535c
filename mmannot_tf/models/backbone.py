"""The basic CNN model (Sec. III-A, eq. 1): a network with a tap at each of its scales."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import keras

from mmannot_tf.layers.batch_norm import EPSILON, MOMENTUM, BatchNorm
from mmannot_tf.models.architectures import ARCHITECTURES, Architecture
from mmannot_tf.models.copied_network import (
    build_application,
    copy_network,
    load_network,
    pyramid_taps,
    scale_names,
)
from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.models.networks import NETWORKS, Network
from mmannot_tf.models.preprocessing import CENTRED, Preprocessing
from mmannot_tf.models.resnet import resnet, resnet_taps


@dataclass(frozen=True)
class Backbone:
    """A network and the layers it is tapped at. `build_backbone` makes a model of it.

    Attributes:
        build: from an image, `[B, S, S, 3] float32`, and the way to make batch-norm layers to the last map.
        taps: names of the layers whose outputs are the maps, finest first; the last one is the deepest.
        preprocessing: of the pixels that `build`'s weights expect; imported weights bring their own.
    """

    build: Callable[[keras.KerasTensor, BatchNorm], keras.KerasTensor]
    taps: tuple[str, ...]
    preprocessing: Preprocessing = CENTRED


def build_backbone(
    architecture: str | Architecture | Backbone,
    *,
    image_size: int,
    momentum: float = MOMENTUM,
    epsilon: float | None = EPSILON,
    geometry: Geometry = KERAS,
    synchronized: bool = True,
) -> keras.Model:
    """The branch "backbone": a normalised image to the maps M_1 … M_L, five for a ResNet.

    Args:
        architecture: a key of `ARCHITECTURES` or of `NETWORKS`, a ResNet of your own, or any other network
            with its taps.
        image_size: S, side of the square input in pixels.
        momentum: decay of the batch-norm layers' moving statistics (Sec. IV-A3: 0.9997).
        epsilon: of the batch-norm layers; what the weights to be loaded were made with. None for what the
            network has itself.
        geometry: a ResNet's strides and paddings; what the weights to be loaded were made with.
        synchronized: whether batch-norm statistics are those of the global batch.

    Returns:
        A model from `[B, S, S, 3] float32` to a list of maps, finest first; of one scale, to its map.
        For a ResNet these are five maps
        `[B, S/2^l, S/2^l, C_l] float32`, each after its ReLU; S/2^l is rounded up. M_2 … M_5 are the last of
        their size in a group: the output of its last unit, or of the one before if the last one has the
        stride.

    Raises:
        ValueError: `architecture` is unknown, has no layer of a tap's name, or has no such maps in
            this geometry.

    Example:
        A network of five scales that is small enough for any machine:

        >>> small = mmannot_tf.Architecture(blocks=(1, 1, 1, 1), width=8)
        >>> backbone = mmannot_tf.build_backbone(small, image_size=64)
        >>> mmannot_tf.map_shapes(backbone)
        [(32, 32, 8), (16, 16, 32), (8, 8, 64), (4, 4, 128), (2, 2, 256)]

        Another network, tapped at two scales:

        >>> def build(image, norm):
        ...     x = keras.layers.Conv2D(4, 3, strides=4, activation="relu", name="fine")(image)
        ...     return keras.layers.Conv2D(8, 3, strides=4, activation="relu", name="coarse")(x)
        >>> network = mmannot_tf.Backbone(build, taps=("fine", "coarse"))
        >>> mmannot_tf.map_shapes(mmannot_tf.build_backbone(network, image_size=64))
        [(16, 16, 4), (4, 4, 8)]
    """
    backbone = _backbone(architecture, geometry)
    image = keras.Input((image_size, image_size, 3), name="image")
    network = keras.Model(
        image, backbone.build(image, BatchNorm(momentum, epsilon, synchronized)), name="network"
    )
    maps = [network.get_layer(tap).output for tap in backbone.taps]
    return keras.Model(image, maps, name="backbone")


def map_shapes(backbone: keras.Model) -> list[tuple[int, int, int]]:
    """Height, width and channels of a backbone's maps, finest first, as the heads on it need them."""
    return [tuple(tap.shape[1:]) for tap in backbone.outputs]


def _backbone(architecture: str | Architecture | Backbone, geometry: Geometry) -> Backbone:
    if isinstance(architecture, Backbone):
        return architecture
    if isinstance(architecture, str) and architecture in NETWORKS:
        return _of_application(NETWORKS[architecture])
    if isinstance(architecture, str):
        architecture = ARCHITECTURES.get(architecture, architecture)
    if not isinstance(architecture, Architecture):
        raise ValueError(
            f"The backbone must be one of {', '.join([*ARCHITECTURES, *NETWORKS])}, an Architecture, or a "
            f"Backbone that says how to build it and where to tap it. Received: {architecture!r}"
        )
    build = partial(resnet, architecture=architecture, geometry=geometry)
    return Backbone(build, resnet_taps(architecture, geometry))


def _of_application(network: Network) -> Backbone:
    def build(image: keras.KerasTensor, norm: BatchNorm) -> keras.KerasTensor:
        original = build_application(network, image.shape[1])
        return copy_network(original, image, norm, taps=network.taps)

    return Backbone(build, scale_names(network.taps), network.preprocessing)


def own_backbone(name: str, taps: Sequence[str] = ()) -> Backbone:
    """A network of a file, or of a preset of KerasHub, as a backbone with fresh weights.

    Args:
        name: FILE.keras, a functional model with one input; or hub:NAME.
        taps: where its maps are, finest first, as `model.taps`; none for those that a preset has itself.

    Raises:
        UserError: there is no such network, or KerasHub is not installed.
    """
    network = load_network(name, weights=False)
    taps = tuple(taps) or pyramid_taps(network)
    return Backbone(lambda image, norm: copy_network(network, image, norm, taps=taps), scale_names(taps))
