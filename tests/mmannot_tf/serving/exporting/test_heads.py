"""`export --format heads`: the heads in float16, for a backbone whose weights everyone can fetch."""

import shutil

import h5py
import keras
import numpy as np
import pytest

from mmannot_tf.cli.main import main
from mmannot_tf.config.loading import parse
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.scorer_ways import choose_ways
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.engines.catalogue import open_engine
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkInputs
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.assignment import named_variables
from mmannot_tf.weights.provenance import CENTRED, Provenance
from mmannot_tf.weights.published import PUBLISHED, PublishedWeights
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.exhaustive
NAME = "tests2016"


@pytest.fixture(scope="module", autouse=True)
def published(tmp_path_factory):
    """Published weights of the tiny backbone, in Keras' cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        keras.utils.set_random_seed(4)
        backbone = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3)
        tensors = {name: variable.numpy() for name, variable in named_variables(backbone).items()}
        digest = weights_file.tensors_digest(tensors)
        weights = PublishedWeights(Provenance(NAME, "tiny", 1e-3, KERAS, CENTRED, digest), 1, "none", "none")
        weights_file.write(weights.file, tensors, weights.provenance)
        patch.setitem(PUBLISHED, NAME, weights)
        yield weights


@pytest.fixture(scope="module")
def run(published, tiny_config, tiny_records, tmp_path_factory):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"]["weights"] = NAME
    settings["evaluation"]["untagged"] = "visual"  # so that both pairs of heads annotate
    settings["stages"]["cnn"] |= {"backbone_rate": 0, "epochs": 2}
    for stage in ("ms_cnn", "cnn_longer", "cnn_scales", "joint"):
        settings["stages"].pop(stage, None)
    path = tmp_path_factory.mktemp("frozen") / "run"
    return train(parse(settings, "test"), data=tiny_records.path, run=path)


@pytest.fixture(scope="module")
def folder(run, tiny_records, tmp_path_factory):
    predict(open_session(run, tiny_records.path), "validation")
    validation = Predictions.load(run.predictions("validation"))
    ways = choose_ways("one_threshold", validation, run.config.evaluation)
    return export(run, tmp_path_factory.mktemp("heads") / "export", formats=["heads"], ways=ways)


@pytest.fixture(scope="module")
def inputs(run):
    size = run.config.data.image_size
    pixels = np.random.default_rng(5).uniform(0, 255, (12, size, size, 3)).astype(np.float32)
    return NetworkInputs(pixels, np.where(np.arange(12)[:, np.newaxis] % 2, [[0, 2]], -1).astype(np.int32))


def test_it_holds_no_backbone_and_no_path_of_the_machine(folder, tmp_path_factory):
    names = {file.name for file in folder.rglob("*.h5")}
    assert names == {
        "probe.weights.h5",
        "tag_encoder.weights.h5",
        "classifier.weights.h5",
        "quantity.weights.h5",
    }
    root = str(tmp_path_factory.getbasetemp()).encode()
    assert not [file for file in folder.rglob("*") if file.is_file() and root in file.read_bytes()]


def test_matrices_are_float16_and_the_nearest_ones(run, folder):
    with h5py.File(run.weights("classifier", "classifier")) as full:
        whole = {}
        full.visititems(lambda name, item: whole.update({name: item[()]} if hasattr(item, "shape") else {}))
    with h5py.File(folder / "heads/stages/classifier/weights/classifier.weights.h5") as file:
        for name, values in whole.items():
            stored = file[name][()]
            assert stored.dtype == (np.float16 if values.ndim > 1 else np.float32)
            np.testing.assert_array_equal(stored, values.astype(stored.dtype))
    assert any(values.ndim > 1 for values in whole.values())


def test_it_annotates_as_the_run_does(run, folder, inputs):
    """float16 has 11 bits: probabilities differ in the third digit at most."""
    outputs = open_engine("tensorflow", open_model(folder), "float32")(inputs)
    expected = open_engine("tensorflow", open_model(run.path), "float32")(inputs)
    np.testing.assert_allclose(outputs.probabilities, expected.probabilities, atol=5e-3)
    np.testing.assert_allclose(outputs.predicted_quantity, expected.predicted_quantity, atol=2e-2)
    assert np.abs(outputs.probabilities - expected.probabilities).max() > 0
    threshold = open_model(folder).decisions.tagged.decider.way.threshold
    tagged = np.arange(12) % 2 == 1
    np.testing.assert_array_equal(outputs.selected[tagged], outputs.probabilities[tagged] > threshold)


def test_other_formats_of_the_same_export_agree_with_it(run, inputs, tmp_path):
    folder = export(run, tmp_path / "export", formats=["heads", "saved_model"])
    graph = open_engine("tensorflow", open_model(folder), "float32")(inputs)
    (folder / "saved_model.pb").unlink()
    heads = open_engine("tensorflow", open_model(folder), "float32")(inputs)
    np.testing.assert_allclose(heads.probabilities, graph.probabilities, atol=1e-6)
    np.testing.assert_array_equal(heads.selected, graph.selected)


def test_an_export_is_exported_again_in_other_formats(folder, inputs, tmp_path, capsys):
    argv = ["export", str(folder.parent), "--out", str(tmp_path / "again"), "--format", "saved_model,heads"]
    assert main(argv) == 0
    again = open_model(tmp_path / "again")
    assert (again.digest, again.labels, again.tags) == (
        open_model(folder).digest,
        open_model(folder).labels,
        open_model(folder).tags,
    )
    outputs = open_engine("tensorflow", again, "float32")(inputs)
    expected = open_engine("tensorflow", open_model(folder), "float32")(inputs)
    np.testing.assert_allclose(outputs.probabilities, expected.probabilities, atol=1e-6)
    np.testing.assert_array_equal(outputs.selected, expected.selected)
    card = (again.path / "README.md").read_text()
    assert card.startswith((folder / "README.md").read_text().rstrip())
    assert card.count("| `saved_model` |") == 1


def test_an_export_decides_as_before_and_needs_heads(folder, exported, tmp_path, capsys):
    out = ["--out", str(tmp_path / "again")]
    assert main(["export", str(folder), *out, "--decide", "best"]) == 1
    assert "--decide, --beta and --favour need a run" in capsys.readouterr().err
    assert main(["export", str(exported), *out]) == 1
    assert "only an export with the format heads" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_a_changed_head_is_noticed(folder, inputs, tmp_path):
    copy = tmp_path / "copy" / "1"
    shutil.copytree(folder, copy)
    head = copy / "heads/stages/cnn/weights/probe.weights.h5"
    head.write_bytes(head.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="unchanged"):
        open_model(copy)


def test_a_trained_backbone_is_refused(tiny_run, tmp_path):
    with pytest.raises(UserError, match=r"if no stage has moved the backbone"):
        export(tiny_run, tmp_path / "export", formats=["heads"])
    assert not (tmp_path / "export" / "1").exists()


def test_weights_that_others_cannot_fetch_are_refused(run, published, tmp_path, monkeypatch):
    monkeypatch.delitem(PUBLISHED, NAME)
    with pytest.raises(
        UserError, match=r"model\.weights must be imagenet or keras2016\. Received: tests2016"
    ):
        export(run, tmp_path / "export", formats=["heads"])


def test_a_run_whose_records_are_not_stated_still_opens(folder):
    assert open_run(folder / "heads").dataset.path == ""


def test_the_command_says_that_the_backbone_is_fetched(run, tmp_path, capsys):
    assert main(["export", str(run.path), "--out", str(tmp_path / "export"), "--format", "heads"]) == 0
    card = (tmp_path / "export" / "1" / "README.md").read_text()
    assert "float16" in card
