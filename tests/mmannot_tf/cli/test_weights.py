"""`mmannot weights import` as a user calls it."""

import numpy as np
import pytest

from mmannot_tf.cli.main import app
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.importers import ORIGINS
from tfrecords_tools.shell.console import run


@pytest.fixture(scope="module")
def backbone():
    return build_backbone("tiny", image_size=32, momentum=0.9, epsilon=0.02)


@pytest.fixture(scope="module")
def saved(backbone, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "tiny.keras"
    backbone.save(path)
    return path


def _import(file, origin, out):
    return run(app, ["weights", "import", str(file), "--from", origin, "--to", str(out)])


def test_it_says_all_that_travels_with_the_weights(saved, backbone, tmp_path, capsys):
    assert _import(saved, "keras", tmp_path / "out.h5") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert f"imported: tiny from keras, {len(backbone.weights)} tensors; batch-norm epsilon 0.02" in said
    assert "stride in first_1x1; padding symmetric (conv1), symmetric (pooling)" in said
    assert "images: BGR minus 103.939, 116.779, 123.68, times 1, 1, 1" in said
    provenance, tensors = weights_file.read(tmp_path / "out.h5")
    assert provenance.epsilon == 0.02
    kernel = next(weight for weight in backbone.weights if weight.path.startswith("conv1_conv/kernel"))
    np.testing.assert_array_equal(tensors["conv1_conv/kernel"], kernel.numpy())


@pytest.mark.slow  # PyTorch starts a process when it is imported
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_file_of_something_else_gives_one_line(origin, tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("no weights at all", encoding="utf-8")
    assert _import(file, origin, tmp_path / "out.h5") == 1
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1 and str(file) in said and "Received" in said
    assert not (tmp_path / "out.h5").exists()


def test_every_origin_is_in_the_help(capsys):
    assert run(app, ["weights", "import", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(origin in said for origin in ORIGINS)
