import json

import numpy as np
import pytest

from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.importers import import_weights
from mmannot_tf.weights.source import resolve
from tfrecords_tools.shell.errors import UserError


def test_an_imported_file_loads_into_its_backbone(tfjs_folder, caffe_tensors, tmp_path):
    out = tmp_path / "imported" / "tiny.h5"
    (out.parent / ".tiny.h5.x1y2z3").mkdir(parents=True)  # what a killed import left
    provenance = import_weights(tfjs_folder, "tfjs", out).provenance
    assert list(out.parent.iterdir()) == [out]
    source = resolve(str(out), "tiny")
    backbone = build_backbone("tiny", image_size=64, momentum=0.9, epsilon=provenance.epsilon)
    source.load_into(backbone)
    assert source.provenance == provenance
    np.testing.assert_array_equal(
        backbone.get_layer("conv4_block1_2_conv").kernel, caffe_tensors["res4a_branch2b/kernel"]
    )


def test_the_imagenet_head_stays_in_the_file(tfjs_folder, caffe_tensors, tmp_path):
    import_weights(tfjs_folder, "tfjs", tmp_path / "tiny.h5")
    _, tensors = weights_file.read(tmp_path / "tiny.h5")
    np.testing.assert_array_equal(tensors["predictions/kernel"], caffe_tensors["fc1000/kernel"])


def test_tensors_that_do_not_fit_write_no_file(tfjs_folder, tmp_path):
    model = json.loads((tfjs_folder / "model.json").read_text())
    entry = next(e for e in model["weightsManifest"][0]["weights"] if e["name"] == "conv1/kernel")
    entry["shape"] = entry["shape"][::-1]
    (tfjs_folder / "model.json").write_text(json.dumps(model))
    with pytest.raises(UserError, match=r"conv1_conv/kernel \[8, 3, 7, 7\] for \[7, 7, 3, 8\]"):
        import_weights(tfjs_folder, "tfjs", tmp_path / "tiny.h5")
    assert not (tmp_path / "tiny.h5").exists()


def test_unknown_origin(tmp_path):
    with pytest.raises(UserError, match=r"from keras, tfjs, .*\. Received: caffe\."):
        import_weights(tmp_path, "caffe", tmp_path / "out.h5")


def test_a_folder_is_not_written_over(tfjs_folder, tmp_path):
    with pytest.raises(UserError, match=r"must be a file\. Received: .*, a folder"):
        import_weights(tfjs_folder, "tfjs", tmp_path)
