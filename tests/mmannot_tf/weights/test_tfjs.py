import json
import re
import tarfile

import numpy as np
import pytest

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights.provenance import CAFFE
from mmannot_tf.weights.tfjs import import_tfjs
from mmannot_tf.weights.weights_file import tensors_digest

NAMES = {
    "conv1/kernel": "conv1_conv/kernel",
    "bn_conv1/moving_variance": "conv1_bn/moving_variance",
    "res2a_branch1/bias": "conv2_block1_0_conv/bias",
    "res3a_branch2a/kernel": "conv3_block1_1_conv/kernel",
    "bn4a_branch2b/beta": "conv4_block1_2_bn/beta",
    "res5a_branch2c/kernel": "conv5_block1_3_conv/kernel",
    "bn5a_branch1/gamma": "conv5_block1_0_bn/gamma",
    "fc1000/kernel": "predictions/kernel",
}


def _packed(folder, path):
    """As npm packs it: shards before model.json, beside other files."""
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, f"package/{folder.name}/{file.name}")
    return path


def _edit(folder, change):
    model = json.loads((folder / "model.json").read_text())
    change(model)
    (folder / "model.json").write_text(json.dumps(model))


def _config(model, layer):
    layers = model["modelTopology"]["model_config"]["config"]["layers"]
    return next(entry["config"] for entry in layers if entry["name"] == layer)


@pytest.fixture
def origin():
    return "tfjs"


def test_tensors_keep_their_values_under_our_names(tfjs_folder, caffe_tensors):
    tensors = import_tfjs(tfjs_folder).tensors
    assert len(tensors) == len(caffe_tensors)
    for theirs, ours in NAMES.items():
        np.testing.assert_array_equal(tensors[ours], caffe_tensors[theirs])


def test_provenance_is_read_from_the_model(tfjs_folder):
    _edit(
        tfjs_folder,
        lambda m: [
            _config(m, n["name"]).update(epsilon=0.01)
            for n in m["modelTopology"]["model_config"]["config"]["layers"]
            if n["name"].startswith("bn")
        ],
    )
    weights = import_tfjs(tfjs_folder)
    provenance, tensors = weights.provenance, weights.tensors
    assert (provenance.origin, provenance.architecture, provenance.geometry) == ("tfjs", "tiny", KERAS)
    assert (provenance.epsilon, provenance.preprocessing) == (0.01, CAFFE)
    assert provenance.digest == tensors_digest(tensors)


def test_folder_package_document_and_archive_are_the_same(tfjs_folder, tmp_path):
    archive = _packed(tfjs_folder, tmp_path / "tiny-1.0.0.tgz")
    sources = [tfjs_folder, tfjs_folder.parent, tfjs_folder / "model.json", archive]
    assert len({import_tfjs(source).provenance for source in sources}) == 1


def test_missing_path(tmp_path, refused):
    refused(tmp_path / "none", "which does not")


def test_folder_without_a_model(tmp_path, refused):
    refused(tmp_path, "must hold one model.json. Received: .*, with 0")


def test_missing_shard(tfjs_folder, refused):
    (tfjs_folder / "group1-shard2of6.bin").unlink()
    refused(tfjs_folder, "1 of 6 are missing, group1-shard2of6.bin first")


@pytest.mark.parametrize("shard", ["group1-shard3of6.bin", "group1-shard6of6.bin"])
def test_truncated_shard_is_named(tfjs_folder, shard, refused):
    content = (tfjs_folder / shard).read_bytes()
    (tfjs_folder / shard).write_bytes(content[: len(content) // 2])
    refused(tfjs_folder, f"{re.escape(shard)} is the likely broken one")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_truncated_archive(tfjs_folder, tmp_path, share, refused):
    archive = _packed(tfjs_folder, tmp_path / "tiny.tgz")
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])
    refused(archive, "whole .tgz")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": "graph-model"}', '{"format": "layers-model", "weightsManifest": []}']
)
def test_another_document(tfjs_folder, text, refused):
    (tfjs_folder / "model.json").write_text(text)
    refused(tfjs_folder, "must describe a TF.js layers model")


def test_another_model(tfjs_folder, refused):
    _edit(tfjs_folder, lambda m: m["weightsManifest"][0]["weights"][0].update(name="block1_conv1/kernel"))
    refused(tfjs_folder, "must be a ResNet .* with a tensor 'block1_conv1/kernel'")


def test_another_number_of_units(tfjs_folder, refused):
    def rename(model):
        for entry in model["weightsManifest"][0]["weights"]:
            entry["name"] = entry["name"].replace("5a_", "4b_")

    _edit(tfjs_folder, rename)
    refused(tfjs_folder, r"with \(1, 1, 2, 0\) units")


def test_quantized_tensors(tfjs_folder, refused):
    _edit(tfjs_folder, lambda m: m["weightsManifest"][0]["weights"][3].update(quantization={"scale": 1.0}))
    refused(tfjs_folder, "must be float32")


def test_two_epsilons(tfjs_folder, refused):
    _edit(tfjs_folder, lambda m: _config(m, "bn_conv1").update(epsilon=1e-5))
    refused(tfjs_folder, r"one batch-norm epsilon.*\[1e-05, 0.001\]")


def test_stride_in_another_convolution(tfjs_folder, refused):
    def move(model):
        _config(model, "res3a_branch2a").update(strides=[1, 1])
        _config(model, "res3a_branch2b").update(strides=[2, 2])

    _edit(tfjs_folder, move)
    refused(tfjs_folder, "must have stride 2 in .*conv3_block1_1_conv.* with .*res3a_branch2b")
