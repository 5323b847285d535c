"""TF-Slim's ResNet v1, stated again from its definition, and checkpoints of it."""

import math
import re

import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.importers import import_weights
from mmannot_tf.weights.slim import import_slim, rename

pytestmark = pytest.mark.slow

DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def shapes(bottlenecks):
    """Depth to the shapes of a checkpoint's tensors."""

    def of(depth):
        scope = f"resnet_v1_{depth}"
        convolutions = {f"{scope}/conv1": (7, 7, 3, 64)}
        for (group, unit, branch), shape in bottlenecks(DEPTHS[depth], 64).items():
            name = f"conv{branch}" if branch else "shortcut"
            convolutions[f"{scope}/block{group}/unit_{unit}/bottleneck_v1/{name}"] = shape
        tensor_shapes = {}
        for name, shape in convolutions.items():
            tensor_shapes[f"{name}/weights"] = shape
            tensor_shapes |= {f"{name}/BatchNorm/{variable}": shape[-1:] for variable in NORM}
        head = {f"{scope}/logits/weights": (1, 1, 2048, 1000), f"{scope}/logits/biases": (1000,)}
        return {**tensor_shapes, **head}

    return of


@pytest.fixture
def zeros(shapes):
    """The tensors of a ResNet-50, all zero."""
    return {name: np.zeros(shape, np.float32) for name, shape in shapes(50).items()}


@pytest.fixture
def origin():
    return "slim"


class Reference:
    """resnet_v1 of nets/resnet_v1.py at inference, in plain TensorFlow."""

    def __init__(self, tensors, depth):
        self.tensors, self.blocks, self.scope = tensors, DEPTHS[depth], f"resnet_v1_{depth}"

    def conv(self, x, name, stride=1):
        """conv2d_same: SAME, except that strided convolutions are padded alike before and after."""
        kernel = self.tensors[f"{name}/weights"]
        before = (kernel.shape[0] - 1) // 2
        after = kernel.shape[0] - 1 - before
        if stride > 1:
            x = tf.pad(x, [[0, 0], [before, after], [before, after], [0, 0]])
        x = tf.nn.conv2d(x, kernel, strides=stride, padding="SAME" if stride == 1 else "VALID")
        gamma, beta, mean, variance = (self.tensors[f"{name}/BatchNorm/{variable}"] for variable in NORM)
        return gamma * (x - mean) / np.sqrt(variance + np.float32(1e-5)) + beta

    def unit(self, x, name, stride):
        shortcut = x[:, ::stride, ::stride]
        if f"{name}/shortcut/weights" in self.tensors:
            shortcut = self.conv(x, f"{name}/shortcut", stride)
        residual = tf.nn.relu(self.conv(x, f"{name}/conv1"))
        residual = tf.nn.relu(self.conv(residual, f"{name}/conv2", stride))
        return tf.nn.relu(shortcut + self.conv(residual, f"{name}/conv3"))

    def maps(self, x):
        """The last map of each size 1/2, 1/4, … that a group of the paper's has computed."""
        x = tf.nn.relu(self.conv(x, f"{self.scope}/conv1", 2))
        taps = [x]
        x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        for block, units in enumerate(self.blocks, start=1):
            for unit in range(1, units + 1):
                strided = unit == units and block < 4
                if strided:
                    taps.append(x)
                x = self.unit(x, f"{self.scope}/block{block}/unit_{unit}/bottleneck_v1", 2 if strided else 1)
        return [*taps, x]


@pytest.fixture(scope="module")
def tensors(random_values, shapes):
    return random_values(shapes(50), ("gamma", "variance"), fan_in=lambda shape: math.prod(shape[:-1]))


@pytest.fixture(scope="module")
def checkpoint(tensors, tmp_path_factory, tf_checkpoint):
    aside = {
        "global_step": np.int64(7),
        "resnet_v1_50/mean_rgb": np.zeros(3, np.float32),
        "resnet_v1_50/conv1/weights/Momentum": np.zeros((7, 7, 3, 64), np.float32),
        "resnet_v1_50/conv1/weights/RMSProp_1": np.zeros((7, 7, 3, 64), np.float32),
        "resnet_v1_50/conv1/BatchNorm/gamma/ExponentialMovingAverage": np.zeros(64, np.float32),
    }
    return tf_checkpoint(tmp_path_factory.mktemp("slim") / "resnet_v1_50.ckpt", {**tensors, **aside})


@pytest.fixture(scope="module")
def imported(checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "slim.h5"
    return out, import_weights(checkpoint, "slim", out)


@pytest.mark.exhaustive
@pytest.mark.parametrize("size", [64, *exhaustive([75])])
def test_all_taps_equal_the_published_definition(imported, tensors, tap_differences, images_of, size):
    images = images_of(size)
    expected = Reference(tensors, 50).maps(images)
    assert max(tap_differences(imported[0], images, expected)) < 1e-4


@pytest.mark.exhaustive
@pytest.mark.parametrize("change", [{"pool": "symmetric"}, {"strided": "same"}, {"stem": "same"}])
def test_another_padding_gives_other_maps(imported, tensors, tap_differences, images_of, change):
    images = images_of(64)
    other = Geometry(**{"stride": "last_3x3", "pool": "same", **change})
    assert max(tap_differences(imported[0], images, Reference(tensors, 50).maps(images), other)) > 1e-2


@pytest.mark.exhaustive
def test_the_stride_is_not_placed_anew(imported, tensors, tap_differences, images_of):
    images = images_of(64)
    expected = Reference(tensors, 50).maps(images)
    assert max(tap_differences(imported[0], images, expected, Geometry(pool="same"))) > 1e-2
    assert imported[1].provenance.geometry != KERAS


def test_what_is_no_weight_is_left_aside_and_named(imported):
    assert sorted(imported[1].ignored) == [
        "global_step",
        "resnet_v1_50/conv1/BatchNorm/gamma/ExponentialMovingAverage",
        "resnet_v1_50/conv1/weights/Momentum",
        "resnet_v1_50/conv1/weights/RMSProp_1",
        "resnet_v1_50/mean_rgb",
    ]


def test_the_head_and_the_preprocessing_travel_along(imported, tensors):
    provenance, written = weights_file.read(imported[0])
    np.testing.assert_array_equal(written["predictions/kernel"], tensors["resnet_v1_50/logits/weights"][0, 0])
    assert provenance.preprocessing.channel_order == "RGB"
    assert provenance.preprocessing.mean == (123.68, 116.78, 103.94)
    assert (provenance.origin, provenance.architecture, provenance.epsilon) == ("slim", "resnet50", 1e-5)
    assert not written["conv1_conv/bias"].any()


def test_any_file_of_the_checkpoint_and_the_old_format_are_the_same(checkpoint, tensors, imported, tmp_path):
    old = tmp_path / "resnet_v1_50.ckpt"
    tf.raw_ops.Save(filename=str(old), tensor_names=list(tensors), data=list(tensors.values()))
    digest = imported[1].provenance.digest
    for path in (checkpoint.with_name(f"{checkpoint.name}.index"), old):
        assert import_slim(path).provenance.digest == digest


@pytest.mark.parametrize("depth", [50, *exhaustive([101, 152])])
def test_every_depth_has_all_the_tensors_of_its_backbone(depth, shapes):
    from mmannot_tf.models.backbone import build_backbone
    from mmannot_tf.weights.assignment import named_variables
    from mmannot_tf.weights.imported import with_zero_biases

    backbone = build_backbone(
        f"resnet{depth}", image_size=32, momentum=0.9, epsilon=1e-5, geometry=Geometry("last_3x3")
    )
    ours = with_zero_biases({rename(name): np.empty(shape) for name, shape in shapes(depth).items()})
    variables = named_variables(backbone)
    imported_shapes = {
        name: tensor.shape for name, tensor in ours.items() if not name.startswith("predictions/")
    }
    assert imported_shapes == {name: variable.shape for name, variable in variables.items()}


def test_another_head_is_ignored(zeros, tmp_path, tf_checkpoint):
    head = {
        "resnet_v1_50/logits/weights": np.zeros((1, 1, 2048, 81)),
        "resnet_v1_50/logits/biases": np.zeros(81),
    }
    weights = import_slim(tf_checkpoint(tmp_path / "a.ckpt", {**zeros, **head}))
    assert not any(name.startswith("predictions/") for name in weights.tensors)
    assert weights.ignored == ("predictions/bias", "predictions/kernel")


def test_another_network(tmp_path, refused, tf_checkpoint):
    path = tf_checkpoint(tmp_path / "vgg.ckpt", {"vgg_16/conv1/conv1_1/weights": np.zeros((3, 3, 3, 64))})
    refused(path, "must be of TF-Slim's resnet_v1_50.* with a tensor 'vgg_16/conv1/conv1_1/weights'")


def test_another_depth(zeros, tmp_path, refused, tf_checkpoint):
    tensors = {name: tensor for name, tensor in zeros.items() if "block3/unit_6" not in name}
    refused(tf_checkpoint(tmp_path / "a.ckpt", tensors), r"with \(3, 4, 5, 3\) units")


def test_a_scope_of_another_depth(zeros, tmp_path, refused, tf_checkpoint):
    tensors = {name.replace("resnet_v1_50", "resnet_v1_101"): tensor for name, tensor in zeros.items()}
    refused(tf_checkpoint(tmp_path / "a.ckpt", tensors), "resnet_v1_101 has the units of resnet50")


def test_missing_tensors_are_named(zeros, tmp_path, refused, tf_checkpoint):
    del zeros["resnet_v1_50/block2/unit_1/bottleneck_v1/conv2/BatchNorm/beta"]
    refused(tf_checkpoint(tmp_path / "a.ckpt", zeros), "missing: conv3_block1_2_bn/beta")


def test_doubled_tensors_are_named(zeros, tmp_path, refused, tf_checkpoint):
    tensors = {**zeros, "resnet_v1_101/conv1/weights": np.zeros((7, 7, 3, 64), np.float32)}
    expected = "doubled: resnet_v1_101?/conv1/weights and .* for conv1_conv/kernel"
    refused(tf_checkpoint(tmp_path / "a.ckpt", tensors), re.sub("101", r"(101|50)", expected))


def test_not_a_number(zeros, tmp_path, refused, tf_checkpoint):
    zeros["resnet_v1_50/conv1/BatchNorm/gamma"][3] = np.nan
    refused(tf_checkpoint(tmp_path / "a.ckpt", zeros), "must be finite.* where conv1_bn/gamma is not")


def test_missing_text_and_truncated_files(checkpoint, tmp_path, refused):
    refused(tmp_path / "none.ckpt", "must exist")
    (tmp_path / "text.ckpt").write_text("hello, this is no checkpoint\n" * 50)
    refused(tmp_path / "text.ckpt", "must be whole")
    for part in (".index", ".data-00000-of-00001"):
        content = checkpoint.with_name(f"{checkpoint.name}{part}").read_bytes()
        share = 0.5 if part.startswith(".data") else 1.0
        (tmp_path / f"half.ckpt{part}").write_bytes(content[: int(share * len(content))])
    refused(tmp_path / "half.ckpt", "must be whole")
    index = tmp_path / "half.ckpt.index"
    index.write_bytes(index.read_bytes()[:1000])
    refused(tmp_path / "half.ckpt", "must be whole")
