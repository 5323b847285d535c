"""Files that Keras writes, today and in 2016, against keras.applications' own model."""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights.importers import import_weights
from mmannot_tf.weights.keras_saved import import_keras
from mmannot_tf.weights.provenance import CAFFE
from mmannot_tf.weights.tfjs import import_tfjs

TAPS = ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"]
VARIABLES = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}


def _randomise(model):
    """Affine parameters and statistics far from 0 and 1."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif variable.name != "kernel":
            variable.assign(rng.normal(0, 0.2, variable.shape))
    return model


def _save(model, path):
    """By its ending; "weights_only.h5" is the legacy file of weights alone."""
    if path.name == "weights_only.h5":
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return path


@pytest.fixture
def origin():
    return "keras"


@pytest.fixture(scope="module")
def resnet50():
    model = keras.applications.ResNet50(weights=None, classes=1000)
    return _randomise(model)


@pytest.fixture(scope="module")
def tiny():
    return _randomise(build_backbone("tiny", image_size=32, momentum=0.9, epsilon=0.02))


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "size"), [("model.keras", 64), ("model.h5", 75)])
def test_all_taps_equal_keras_applications(resnet50, tap_differences, images_of, tmp_path, name, size):
    weights = import_weights(_save(resnet50, tmp_path / name), "keras", tmp_path / "out.h5")
    without_top = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(size, size, 3))
    without_top.set_weights(resnet50.get_weights()[:-2])
    taps = keras.Model(without_top.input, [without_top.get_layer(name).output for name in TAPS])
    images = images_of(size)
    assert max(tap_differences(tmp_path / "out.h5", images, taps(images))) < 1e-4
    np.testing.assert_array_equal(
        weights.tensors["predictions/kernel"], resnet50.get_layer("predictions").kernel
    )
    assert weights.provenance.epsilon == 1.001e-5
    assert (weights.provenance.geometry, weights.provenance.preprocessing) == (KERAS, CAFFE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny.keras", "tiny.h5", "tiny.weights.h5", "weights_only.h5"])
def test_every_format_holds_the_same_tensors(tiny, tmp_path, name):
    weights = import_keras(_save(tiny, tmp_path / name))
    expected = {f"{layer.name}/{v.name}": v.numpy() for layer in tiny.layers for v in layer.variables}
    assert set(weights.tensors) == set(expected)
    for key, tensor in expected.items():
        np.testing.assert_array_equal(weights.tensors[key], tensor)
    # A model states its epsilon; for weights alone it is that of keras.applications, which has these names.
    assert weights.provenance.epsilon == (1.001e-5 if "weights" in name else 0.02)


def test_paddings_are_the_models_own(tmp_path):
    asked = Geometry(stem="same", pool="same")
    model = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3, geometry=asked)
    assert import_keras(_save(model, tmp_path / "tiny.keras")).provenance.geometry == asked


def test_a_stride_elsewhere_is_refused(tmp_path, refused):
    model = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3, geometry=Geometry("first_3x3"))
    refused(_save(model, tmp_path / "tiny.keras"), "must have stride 2 in .* with .*conv3_block1_2_conv")


def _original(path, tensors, name):
    """Weights alone, as Keras 1 and 2 wrote them under Caffe's layer names."""
    with h5py.File(path, "w") as file:
        layers = list(dict.fromkeys(key.split("/")[0] for key in tensors))
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            own = {name(key): tensor for key, tensor in tensors.items() if key.startswith(f"{layer}/")}
            group = file.create_group(layer)
            group.attrs["weight_names"] = [key.encode() for key in own]
            for key, tensor in own.items():
                group[key] = tensor
    return path


def _keras_1(key):
    layer, variable = key.split("/")
    return f"{layer}_{VARIABLES.get(variable, variable)}:0"


@pytest.mark.parametrize("name", [_keras_1, "{}:0".format])
def test_the_original_names_are_those_of_tfjs(caffe_tensors, tfjs_folder, tmp_path, name):
    weights = import_keras(_original(tmp_path / "old.h5", caffe_tensors, name))
    assert (weights.provenance.epsilon, weights.provenance.geometry) == (1e-3, KERAS)
    assert weights.provenance.digest == import_tfjs(tfjs_folder).provenance.digest


def test_tensors_under_both_names_are_doubled(caffe_tensors, tmp_path, refused):
    tensors = {**caffe_tensors, "conv1_conv/bias": caffe_tensors["conv1/bias"]}
    path = _original(tmp_path / "old.h5", tensors, "{}:0".format)
    refused(path, "doubled: conv1/bias and conv1_conv/bias for conv1_conv/bias")


def test_the_same_name_twice_is_doubled(caffe_tensors, tmp_path, refused):
    path = _original(tmp_path / "old.h5", caffe_tensors, "{}:0".format)
    with h5py.File(path, "r+") as file:
        file["conv1"].attrs["weight_names"] = [b"conv1/kernel:0", b"conv1/kernel:0", b"conv1/bias:0"]
    refused(path, "doubled: conv1/kernel")


def test_missing_tensors_are_named(caffe_tensors, tmp_path, refused):
    del caffe_tensors["bn4a_branch2b/beta"]
    path = _original(tmp_path / "old.h5", caffe_tensors, "{}:0".format)
    refused(path, "missing: conv4_block1_2_bn/beta")


@pytest.mark.parametrize("name", ["vgg.h5", "vgg.keras"])
def test_another_network(tmp_path, name, refused):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3, name="block1_conv1")(image))
    refused(_save(model, tmp_path / name), "must be a ResNet .* with a tensor 'block1_conv1/kernel'")


def test_the_second_version_of_resnet_is_another_network(tmp_path, refused):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.BatchNormalization(name="conv2_block1_preact_bn")(image))
    refused(_save(model, tmp_path / "v2.keras"), "with a tensor 'conv2_block1_preact_bn/gamma'")


@pytest.mark.parametrize("name", ["tiny.keras", "tiny.h5", "tiny.weights.h5"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_truncated(tiny, tmp_path, name, share, refused):
    path = _save(tiny, tmp_path / name)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refused(path, "must be a whole .h5 or .keras")


def test_text_folders_other_archives_and_nothing(tmp_path, refused):
    (tmp_path / "text.h5").write_text("hello")
    refused(tmp_path / "text.h5", "must be a whole")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(tmp_path / "other.keras", "must be a whole .*config.json")
    refused(tmp_path / "none.h5", "which is no file")
    refused(tmp_path, "which is no file")
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["numbers"] = [1, 2, 3]
    refused(tmp_path / "plain.h5", "without the attribute layer_names")


def test_our_own_file_is_no_keras_file(tiny, tmp_path, refused):
    import_weights(_save(tiny, tmp_path / "tiny.keras"), "keras", tmp_path / "ours" / "tiny.h5")
    refused(tmp_path / "ours" / "tiny.h5", "must be a whole")


def test_a_flipped_byte_in_the_archive_is_found(tiny, tmp_path, refused):
    path = _save(tiny, tmp_path / "tiny.keras")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(path, "must be a whole .*CRC")


def test_a_configuration_of_something_else(tiny, tmp_path, refused):
    path = _save(tiny, tmp_path / "tiny.keras")
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [3]}}))
        archive.writestr("model.weights.h5", weights)
    refused(tmp_path / "other.keras", "must be a whole")
