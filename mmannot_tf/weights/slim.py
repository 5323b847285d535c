"""Import from TF-Slim: checkpoints of resnet_v1_50, _101 and _152 (2016).

Strides, paddings and epsilon are those of nets/resnet_v1.py and resnet_utils.py in TensorFlow's models
repository, the preprocessing is that of its preprocessing/vgg_preprocessing.py. The checkpoint states none of
them.
"""

import re
from pathlib import Path

from mmannot_tf.models.geometry import Geometry
from mmannot_tf.weights.checkpoint import SLOTS, open_checkpoint
from mmannot_tf.weights.imported import Imported, WeightConventions, imported, with_zero_biases
from mmannot_tf.weights.naming import Names, NameScheme, unit_layer
from mmannot_tf.weights.provenance import Preprocessing
from tfrecords_tools.shell.errors import UserError

CONVENTIONS = WeightConventions(
    origin="slim",
    epsilon=1e-5,
    geometry=Geometry(stride="last_3x3", pool="same"),
    preprocessing=Preprocessing("RGB", (123.68, 116.78, 103.94)),
)
"""resnet_arg_scope's epsilon and SAME pooling; conv2d_same pads strided convolutions symmetrically."""

TENSOR = re.compile(
    r"resnet_v1_(?P<depth>50|101|152)/"
    r"((?P<stem>conv1)|block(?P<block>[1-4])/unit_(?P<unit>\d+)/bottleneck_v1/(?P<conv>shortcut|conv[1-3])"
    r"|(?P<head>logits))/"
    r"(BatchNorm/(?P<norm>gamma|beta|moving_mean|moving_variance)|(?P<weight>weights|biases))"
)
POSITIONS = {"shortcut": 0, "conv1": 1, "conv2": 2, "conv3": 3}
VARIABLES = {"weights": "kernel", "biases": "bias"}


def rename(name: str) -> str | None:
    """resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights to conv2_block1_1_conv/kernel."""
    match = TENSOR.fullmatch(name)
    if match is None or (match["head"] and match["norm"]):
        return None
    variable = match["norm"] or VARIABLES[match["weight"]]
    kind = "bn" if match["norm"] else "conv"
    if match["head"]:
        return f"predictions/{variable}"
    if match["stem"]:
        return f"conv1_{kind}/{variable}"
    layer = unit_layer(int(match["block"]) + 1, int(match["unit"]), POSITIONS[match["conv"]], kind)
    return f"{layer}/{variable}"


SCHEME = NameScheme(
    "the checkpoint must be of TF-Slim's resnet_v1_50, _101 or _152 (resnet_v1_50/conv1/weights, …)",
    rename,
    re.compile(rf"{SLOTS.pattern}|/mean_rgb$"),
)


def import_slim(path: Path) -> Imported:
    """Reads a TF-Slim ResNet v1.

    Args:
        path: the checkpoint's prefix, or one of its files.

    Raises:
        UserError: the checkpoint is missing or broken, or holds no known ResNet v1.
    """
    checkpoint = open_checkpoint(path)
    names = SCHEME.sort(checkpoint.names, path)
    tensors = checkpoint.read(names)
    if tensors.get("predictions/kernel") is not None:
        kernel = tensors["predictions/kernel"]
        tensors["predictions/kernel"] = kernel.reshape(kernel.shape[-2:])
    weights = imported(with_zero_biases(tensors), CONVENTIONS, source=path, ignored=names.ignored)
    _check_depth(names, weights, path)
    return weights


def _check_depth(names: Names, weights: Imported, path: Path) -> None:
    """Refuses a scope that names another depth than its tensors have."""
    depths = {match["depth"] for match in map(TENSOR.fullmatch, names.theirs.values()) if match}
    if {f"resnet{depth}" for depth in depths} != {weights.provenance.architecture}:
        raise UserError(
            f"the scope of a TF-Slim checkpoint must name its depth. Received: {path}, where "
            f"resnet_v1_{sorted(depths)[0]} has the units of {weights.provenance.architecture}."
        )
