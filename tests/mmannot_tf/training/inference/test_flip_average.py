"""`model.flip_average`: an image's visual feature is the mean over the image and its mirror image."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.data.images import normalise
from mmannot_tf.runs.plan import feature_digest, predictions_digest, stage_inputs, staleness
from mmannot_tf.runs.stage_record import read_record, write_record
from mmannot_tf.runs.stages import CNN, KNOWN, MS_CNN, STAGES
from mmannot_tf.serving.engines.catalogue import ENGINES, open_engine
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import model_of, open_model
from mmannot_tf.serving.network import NetworkInputs
from mmannot_tf.training.inference.trained_branches import feature_model
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest

pytestmark = pytest.mark.slow


def _averaging(run):
    model = run.config.model.model_copy(update={"flip_average": True})
    return replace(run, config=run.config.model_copy(update={"model": model}))


@pytest.fixture(scope="module")
def run(tiny_run):
    return _averaging(tiny_run)


@pytest.fixture
def trained(run, tmp_path):
    """The same run, whose heads say that they were trained so."""
    run = replace(run, path=shutil.copytree(run.path, tmp_path / "run"))
    for name in ("classifier", "quantity_visual", "quantity"):
        record, made_from = read_record(run, name), stage_inputs(run, STAGES[name])
        write_record(run, replace(record, made_from=made_from, digest=digest([made_from, record.weights])))
    return run


@pytest.fixture(scope="module")
def inputs(run):
    size = run.config.data.image_size
    pixels = np.random.default_rng(5).integers(0, 256, (3, size, size, 3)).astype(np.float32)
    return NetworkInputs(pixels, np.array([[0, 2], [-1, -1], [1, -1]], np.int32))


@pytest.fixture(scope="module")
def expected(tiny_run, inputs):
    """By hand: each stage's feature of the images and of their mirror images, averaged."""
    single = feature_model(tiny_run, [CNN, MS_CNN])
    pixels = np.asarray(normalise(inputs.image, tiny_run.preprocessing))
    one, other = single(pixels), single(pixels[:, :, ::-1].copy())
    assert np.abs(one["ms_cnn"] - other["ms_cnn"]).max() > 0.01  # else no test here could fail
    return {name: (one[name].numpy() + other[name].numpy()) / 2 for name in one}


def test_cached_features_are_means_over_both_views(run, inputs, expected):
    features = feature_model(run, [CNN, MS_CNN])(normalise(inputs.image, run.preprocessing))
    assert features.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(features[name], values, rtol=1e-4, atol=1e-5)


def test_places_of_a_map_are_not_averaged(run, tiny_run, inputs):
    pixels = normalise(inputs.image, run.preprocessing)
    have, want = (feature_model(each, [KNOWN["cnn_map"]])(pixels)["cnn_map"] for each in (run, tiny_run))
    np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5)


@pytest.mark.exhaustive
def test_a_run_annotates_by_them(trained, tiny_run, inputs):
    engine = open_engine("tensorflow", model_of(trained), "float32")
    outputs = engine(inputs)
    mirrored = engine(NetworkInputs(inputs.image[:, :, ::-1].copy(), inputs.tag_lists))
    np.testing.assert_allclose(outputs.probabilities, mirrored.probabilities, rtol=1e-4, atol=1e-5)
    single = open_engine("tensorflow", model_of(tiny_run), "float32")(inputs)
    assert np.abs(outputs.probabilities - single.probabilities).max() > 1e-4
    assert model_of(trained).digest != model_of(tiny_run).digest


@pytest.mark.exhaustive
def test_f_v_of_an_export_is_the_cached_feature(trained, expected, inputs, tmp_path):
    encoded = [tf.io.encode_png(image.astype(np.uint8)).numpy() for image in inputs.image]
    features = AnnotatorModule(trained, tmp_path).features(encoded, [""] * 3)
    np.testing.assert_allclose(features["f_v"], expected["ms_cnn"], rtol=1e-4, atol=1e-5)


@pytest.mark.exhaustive
def test_every_engine_of_an_export_agrees(trained, inputs, tmp_path):
    reference = open_engine("tensorflow", model_of(trained), "float32")(inputs)
    model = open_model(export(trained, tmp_path / "E", formats=("saved_model", "onnx", "openvino", "litert")))
    for name in ENGINES:
        outputs = open_engine(name, model, "float32")(inputs)
        np.testing.assert_allclose(outputs.probabilities, reference.probabilities, atol=1e-4)
        np.testing.assert_array_equal(outputs.selected, reference.selected)


@pytest.mark.exhaustive
def test_heads_that_were_trained_without_are_not_exported(run, tmp_path):
    with pytest.raises(UserError, match=r"must be trained as configured.*without classifier, quantity"):
        export(run, tmp_path / "E", formats=("saved_model",))


def test_it_makes_features_and_heads_on_them_stale_but_no_visual_stage(run, tiny_run):
    for name in ("cnn", "ms_cnn", "tag_encoder"):
        assert staleness(run, STAGES[name]) == []
    for name in ("classifier", "quantity"):
        assert staleness(run, STAGES[name]) == ["model.flip_average was False, is True"]
    changed = {name: feature_digest(run, name) != feature_digest(tiny_run, name) for name in KNOWN}
    assert changed["cnn"] and changed["ms_cnn"] and changed["pooled_scales"] and changed["pretrained"]
    assert not changed["tag_encoder"] and not changed["cnn_map"] and not changed["classifier"]
    assert predictions_digest(run, "test") != predictions_digest(tiny_run, "test")


def test_a_frozen_stage_is_stale_because_it_reads_these_features(tiny_run):
    frozen = tiny_run.config.stages.cnn.model_copy(update={"backbone_rate": 0.0})
    stages = tiny_run.config.stages.model_copy(update={"cnn": frozen})
    run = replace(tiny_run, config=tiny_run.config.model_copy(update={"stages": stages}))
    assert "model.flip_average" not in stage_inputs(tiny_run, CNN)
    assert stage_inputs(run, CNN)["model.flip_average"] is False
    assert stage_inputs(_averaging(run), CNN)["model.flip_average"] is True
