"""Import from torchvision: state dicts of resnet50, resnet101 and resnet152.

Stride, paddings and epsilon are those of torchvision/models/resnet.py, the preprocessing is that of its
ImageNet weights. The file states none of them.
"""

import re
from pathlib import Path

import numpy as np

from mmannot_tf.models.geometry import Geometry
from mmannot_tf.models.preprocessing import TORCH
from mmannot_tf.weights.imported import Imported, WeightConventions, imported, with_zero_biases
from mmannot_tf.weights.naming import NameScheme, unit_layer
from mmannot_tf.weights.state_dict import read_state_dict

CONVENTIONS = WeightConventions(
    origin="torchvision",
    epsilon=1e-5,
    geometry=Geometry(stride="first_3x3"),
    preprocessing=TORCH,
)

TENSOR = re.compile(
    r"(module\.)?"  # of torch.nn.DataParallel
    r"(layer(?P<layer>[1-4])\.(?P<unit>\d+)\.(downsample\.(?P<down>[01])|(?P<conv>conv|bn)(?P<number>[123]))"
    r"|(?P<stem>conv|bn)1|(?P<head>fc))\."
    r"(?P<variable>weight|bias|running_mean|running_var)"
)
NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
PLAIN = {"weight": "kernel", "bias": "bias"}


def rename(name: str) -> str | None:
    """layer1.0.conv1.weight to conv2_block1_1_conv/kernel; None for others."""
    match = TENSOR.fullmatch(name)
    if match is None:
        return None
    layer = _layer(match)
    variables = NORM if layer.endswith("_bn") else PLAIN
    return f"{layer}/{variables[match['variable']]}" if match["variable"] in variables else None


def _layer(match: re.Match[str]) -> str:
    if match["head"]:
        return "predictions"
    if match["stem"]:
        return f"conv1_{match['stem']}"
    kind = match["conv"] or ("conv", "bn")[int(match["down"])]
    return unit_layer(int(match["layer"]) + 1, int(match["unit"]) + 1, int(match["number"] or 0), kind)


SCHEME = NameScheme(
    "the state dict must be of torchvision's resnet50, resnet101 or resnet152 (layer1.0.conv1.weight, …)",
    rename,
    re.compile(r"(^|\.)num_batches_tracked$"),
)


def import_torchvision(path: Path) -> Imported:
    """Reads a torchvision ResNet.

    Args:
        path: a .safetensors file, or one that torch.save wrote (.pth; needs torch).

    Raises:
        UserError: the file is missing or broken, its package is not installed, or it holds no known ResNet.
    """
    state = read_state_dict(path)
    names = SCHEME.sort(state, path)
    tensors = {ours: _in_our_order(state[theirs]) for ours, theirs in names.theirs.items()}
    return imported(with_zero_biases(tensors), CONVENTIONS, source=path, ignored=names.ignored)


def _in_our_order(tensor: np.ndarray) -> np.ndarray:
    """[out, in, height, width] to [height, width, in, out]; [out, in] to [in, out]."""
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
