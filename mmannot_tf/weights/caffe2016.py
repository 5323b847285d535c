"""Import from the 2016 TensorFlow port of He's Caffe models: checkpoints of ry/tensorflow-resnet.

In its resnet.py every convolution and the pooling have padding SAME, the first 1x1 convolution of a group has
stride 2, and BN_EPSILON and IMAGENET_MEAN_BGR are as below. The checkpoint states none of them.
"""

import re
from pathlib import Path

from mmannot_tf.models.geometry import Geometry
from mmannot_tf.weights.checkpoint import SLOTS, open_checkpoint
from mmannot_tf.weights.imported import Imported, WeightConventions, imported, with_zero_biases
from mmannot_tf.weights.naming import NameScheme, unit_layer
from mmannot_tf.weights.provenance import Preprocessing

CONVENTIONS = WeightConventions(
    origin="caffe2016",
    epsilon=1e-3,
    geometry=Geometry(stride="first_1x1", stem="same", pool="same", strided="same"),
    preprocessing=Preprocessing("BGR", (103.062623801, 115.902882574, 123.151630838)),
)

TENSOR = re.compile(
    r"((?P<stem>scale1)|scale(?P<group>[2-5])/block(?P<unit>\d+)/(?P<conv>shortcut|a|b|c))/"
    r"(?P<variable>weights|gamma|beta|moving_mean|moving_variance)"
)
HEAD = {"fc/weights": "predictions/kernel", "fc/biases": "predictions/bias"}
POSITIONS = {"shortcut": 0, "a": 1, "b": 2, "c": 3}


def rename(name: str) -> str | None:
    """scale2/block1/a/weights to conv2_block1_1_conv/kernel; None for others."""
    match = TENSOR.fullmatch(name)
    if match is None:
        return HEAD.get(name)
    kind, variable = ("conv", "kernel") if match["variable"] == "weights" else ("bn", match["variable"])
    if match["stem"]:
        return f"conv1_{kind}/{variable}"
    return f"{unit_layer(int(match['group']), int(match['unit']), POSITIONS[match['conv']], kind)}/{variable}"


SCHEME = NameScheme(
    "the checkpoint must be of ry/tensorflow-resnet (scale1/weights, scale2/block1/a/weights, …)",
    rename,
    SLOTS,
)


def import_caffe2016(path: Path) -> Imported:
    """Reads He's Caffe weights in the 2016 port's checkpoint.

    Args:
        path: the checkpoint's prefix, or one of its files.

    Raises:
        UserError: the checkpoint is missing or broken, or holds no known ResNet.
    """
    checkpoint = open_checkpoint(path)
    names = SCHEME.sort(checkpoint.names, path)
    return imported(with_zero_biases(checkpoint.read(names)), CONVENTIONS, source=path, ignored=names.ignored)
