"""ry/tensorflow-resnet of 2016, stated again from its definition, and checkpoints of it."""

import math

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.caffe2016 import import_caffe2016, rename
from mmannot_tf.weights.importers import import_weights

pytestmark = pytest.mark.slow

TINY, RESNET50 = ((1, 1, 1, 1), 8), ((3, 4, 6, 3), 64)
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def shapes(bottlenecks):
    """(units a group, width) to the shapes of a checkpoint's tensors."""

    def of(blocks, width):
        convolutions = {"scale1": (7, 7, 3, width)}
        for (group, unit, branch), shape in bottlenecks(blocks, width).items():
            convolutions[f"scale{group + 1}/block{unit}/{('shortcut', *'abc')[branch]}"] = shape
        tensor_shapes = {}
        for name, shape in convolutions.items():
            tensor_shapes[f"{name}/weights"] = shape
            tensor_shapes |= {f"{name}/{variable}": shape[-1:] for variable in NORM}
        return {**tensor_shapes, "fc/weights": (32 * width, 1000), "fc/biases": (1000,)}

    return of


@pytest.fixture
def origin():
    return "caffe2016"


def _maps(x, tensors, blocks):
    """resnet.py's `inference` in plain TensorFlow: every convolution and the pooling are SAME."""

    def conv_bn(x, name, stride=1):
        x = tf.nn.conv2d(x, tensors[f"{name}/weights"], strides=stride, padding="SAME")
        gamma, beta, mean, variance = (tensors[f"{name}/{variable}"] for variable in NORM)
        return gamma * (x - mean) / np.sqrt(variance + np.float32(0.001)) + beta

    x = tf.nn.relu(conv_bn(x, "scale1", 2))
    maps = [x]
    x = tf.nn.max_pool2d(x, 3, 2, "SAME")
    for scale, units in enumerate(blocks, start=2):
        for block in range(1, units + 1):
            name, stride = f"scale{scale}/block{block}", 2 if scale > 2 and block == 1 else 1
            shortcut = conv_bn(x, f"{name}/shortcut", stride) if block == 1 else x
            branch = tf.nn.relu(conv_bn(x, f"{name}/a", stride))
            branch = tf.nn.relu(conv_bn(branch, f"{name}/b"))
            x = tf.nn.relu(shortcut + conv_bn(branch, f"{name}/c"))
        maps.append(x)
    return maps


@pytest.fixture(scope="module")
def values(random_values):
    fan_in = lambda shape: math.prod(shape[:-1])  # noqa: E731
    return lambda shapes: random_values(shapes, ("gamma", "variance"), fan_in=fan_in)


@pytest.fixture(scope="module")
def resnet50(values, shapes, tmp_path_factory, tf_checkpoint):
    """The tensors of a ResNet-50, and the file imported from a checkpoint of them."""
    folder = tmp_path_factory.mktemp("caffe2016")
    tensors = values(shapes(*RESNET50))
    import_weights(tf_checkpoint(folder / "ResNet-L50.ckpt", tensors), "caffe2016", folder / "out.h5")
    return tensors, folder / "out.h5"


@pytest.fixture
def tiny(values, shapes):
    return values(shapes(*TINY))


@pytest.mark.exhaustive
@pytest.mark.parametrize("size", [64, 75])
def test_all_taps_equal_the_published_definition(resnet50, tap_differences, images_of, size):
    tensors, path = resnet50
    images = images_of(size)
    assert max(tap_differences(path, images, _maps(images, tensors, RESNET50[0]))) < 1e-4


@pytest.mark.exhaustive
@pytest.mark.parametrize("other", [KERAS, Geometry(stem="same"), Geometry(pool="same")])
def test_another_padding_gives_other_maps(resnet50, tap_differences, images_of, other):
    tensors, path = resnet50
    images = images_of(64)
    assert max(tap_differences(path, images, _maps(images, tensors, RESNET50[0]), other)) > 1e-2


def test_what_travels_along(resnet50):
    provenance, tensors = weights_file.read(resnet50[1])
    assert (provenance.origin, provenance.architecture, provenance.epsilon) == ("caffe2016", "resnet50", 1e-3)
    assert provenance.geometry == Geometry("first_1x1", stem="same", pool="same", strided="same")
    assert provenance.preprocessing.channel_order == "BGR"
    assert provenance.preprocessing.mean == (103.062623801, 115.902882574, 123.151630838)
    np.testing.assert_array_equal(tensors["predictions/kernel"], resnet50[0]["fc/weights"])


@pytest.mark.parametrize(
    ("architecture", "blocks"), [("resnet101", (3, 4, 23, 3)), ("resnet152", (3, 8, 36, 3))]
)
def test_deeper_names_are_those_of_keras_applications(architecture, blocks, shapes):
    from mmannot_tf.weights.naming import architecture_of

    ours = [rename(name) for name in shapes(blocks, 64)]
    assert architecture_of(ours, None) == architecture
    assert rename(f"scale4/block{blocks[2]}/c/weights") == f"conv4_block{blocks[2]}_3_conv/kernel"
    assert len(set(ours)) == len(ours) and None not in ours


def test_counters_and_slots_are_ignored(tiny, tmp_path, tf_checkpoint):
    ignored = {name: np.float32(1) for name in ("global_step", "val_step", "loss/avg")}
    ignored |= {f"scale1/weights/{slot}": np.float32(1) for slot in ("Momentum", "Adam", "Adam_1")}
    ignored |= {f"scale1/moving_mean/{slot}": np.float32(1) for slot in ("biased", "local_step")}
    weights = import_caffe2016(tf_checkpoint(tmp_path / "a.ckpt", {**tiny, **ignored}))
    assert set(weights.ignored) == set(ignored)
    assert weights.provenance.architecture == "tiny"


def test_a_checkpoint_of_slim_is_another_origins(tiny, tmp_path, refused, tf_checkpoint):
    path = tf_checkpoint(tmp_path / "a.ckpt", {"resnet_v1_50/conv1/weights": tiny["scale1/weights"]})
    refused(path, "must be of ry/tensorflow-resnet.* with a tensor 'resnet_v1_50/conv1/weights'")


def test_biases_instead_of_batch_norm(tiny, tmp_path, refused, tf_checkpoint):
    refused(
        tf_checkpoint(tmp_path / "a.ckpt", {**tiny, "scale1/bias": np.zeros(8)}),
        "with a tensor 'scale1/bias'",
    )


def test_units_of_two_convolutions(tiny, tmp_path, refused, tf_checkpoint):
    tensors = {name: value for name, value in tiny.items() if "/c/" not in name}
    refused(tf_checkpoint(tmp_path / "a.ckpt", tensors), r"with \(1, 1, 1, 1\) units of two convolutions")


def test_tensors_of_another_shape(tiny, tmp_path, refused, tf_checkpoint):
    tensors = {**tiny, "scale3/block1/b/weights": np.zeros((3, 3, 8, 8), np.float32)}
    refused(tf_checkpoint(tmp_path / "a.ckpt", tensors), r"conv3_block1_2_conv/kernel \[3, 3, 8, 8\] for")
