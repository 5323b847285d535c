"""Layer names of Keras' ResNets, old and new, and what a model's configuration says of them.

keras.applications has our layer names (conv2_block1_1_conv); the original Keras ResNet-50 of 2016 to 2018 has
those of He's Caffe models (res2a_branch2a).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Required, TypedDict

from mmannot_tf.models.geometry import Geometry, Padding
from mmannot_tf.weights.naming import unit_layer
from tfrecords_tools.shell.errors import UserError

OURS = re.compile(r"conv1_(conv|bn)|conv[2-5]_block[1-9]\d*_[0-3]_(conv|bn)|predictions")
OUTER = {"conv1": "conv1_conv", "bn_conv1": "conv1_bn", "fc1000": "predictions", "probs": "predictions"}
"""Layers outside the bottleneck units: the original name to ours."""

UNIT = re.compile(r"(?P<kind>res|bn)(?P<group>[2-5])(?P<unit>[a-z])_branch(?P<branch>1|2a|2b|2c)")
"""A layer of a bottleneck unit, as He's Caffe models name it."""

KINDS = {"res": "conv", "bn": "bn"}
POSITIONS = {"1": 0, "2a": 1, "2b": 2, "2c": 3}
"""Branch 1 is the shortcut, 2a to 2c the three convolutions of the unit."""

EXAMPLES = "conv2_block1_1_conv, … or Caffe's res2a_branch2a, …"


class LayerSettings(TypedDict, total=False):
    """What importers read of a layer's settings; the keys depend on the layer's class."""

    name: Required[str]
    epsilon: float
    strides: list[int]
    padding: str | list[list[int]]


class LayerConfig(TypedDict):
    """A layer as Keras writes its configuration."""

    class_name: str
    config: LayerSettings


class Layers(TypedDict):
    """The layers of a functional model."""

    layers: list[LayerConfig]


class ModelConfig(TypedDict):
    """A functional model as Keras writes its configuration."""

    config: Layers


def rename_layer(layer: str) -> str | None:
    """Our name: conv2_block1_1_conv for itself and for res2a_branch2a; None for names of no ResNet."""
    if layer in OUTER or OURS.fullmatch(layer):
        return OUTER.get(layer, layer)
    unit = UNIT.fullmatch(layer)
    if unit is None:
        return None
    number = ord(unit["unit"]) - ord("a") + 1
    return unit_layer(int(unit["group"]), number, POSITIONS[unit["branch"]], KINDS[unit["kind"]])


def rename(name: str) -> str | None:
    """Renames the layer in "layer/variable"; None for names of no ResNet."""
    layer, _, variable = name.rpartition("/")
    ours = rename_layer(layer)
    return None if ours is None else f"{ours}/{variable}"


def layers_of(model_config: ModelConfig) -> list[LayerConfig]:
    """The layers of a model as Keras writes its configuration.

    Raises:
        KeyError, TypeError: it is not such a configuration.
    """
    return [
        {
            "class_name": str(layer["class_name"]),
            "config": {**layer["config"], "name": str(layer["config"]["name"])},
        }
        for layer in model_config["config"]["layers"]
    ]


def epsilon_of(layers: Iterable[LayerConfig], source: Path) -> float:
    """The epsilon that all batch-norm layers share.

    Raises:
        UserError: there are several, or none.
    """
    epsilons = {layer["config"]["epsilon"] for layer in layers if "epsilon" in layer["config"]}
    if len(epsilons) != 1:
        raise UserError(
            f"the model must state one batch-norm epsilon. Received: {source}, with {sorted(epsilons)}."
        )
    return epsilons.pop()


def geometry_of(layers: Sequence[LayerConfig], source: Path) -> Geometry:
    """Reads the paddings and checks that the first 1x1 of the groups conv3 to conv5 have stride 2.

    Raises:
        UserError: other layers have stride 2, or `Geometry` has no such padding.
    """
    _check_strides(layers, source)
    pads = [layer["config"]["padding"] for layer in layers if layer["class_name"] == "ZeroPadding2D"]
    stem = [layer for layer in layers if rename_layer(layer["config"]["name"]) == "conv1_conv"]
    pool = [layer for layer in layers if layer["class_name"] == "MaxPooling2D"]
    return Geometry(
        stem=_padding("conv1", stem, [[3, 3], [3, 3]] in pads, source),
        pool=_padding("the pooling after conv1", pool, [[1, 1], [1, 1]] in pads, source),
    )


def _check_strides(layers: Iterable[LayerConfig], source: Path) -> None:
    names = {layer["config"]["name"]: layer["config"].get("strides") for layer in layers}
    strided = {name for name, strides in names.items() if strides == [2, 2] and _in_a_unit(name)}
    first = {unit_layer(group, 1, position, "conv") for group in (3, 4, 5) for position in (0, 1)}
    if {rename_layer(name) for name in strided} != first:
        raise UserError(
            f"the model must have stride 2 in {', '.join(sorted(first))}. Received: {source}, "
            f"with {', '.join(sorted(strided)) or 'none'}."
        )


def _in_a_unit(name: str) -> bool:
    return "_block" in (rename_layer(name) or "")


def _padding(what: str, layers: Sequence[LayerConfig], padded: bool, source: Path) -> Padding:
    given = [layer["config"].get("padding") for layer in layers]
    if given == ["same"]:
        return "same"
    if given == ["valid"] and padded:
        return "symmetric"
    raise UserError(
        f"{what} must be padded: without it the maps are smaller than the paper's. "
        f"Received: {source}, with padding {', '.join(map(str, given)) or 'of no such layer'} alone."
    )
