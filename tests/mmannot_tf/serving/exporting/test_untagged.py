"""`evaluation.untagged = "visual"`: the heads on f_v annotate images without a known tag, in every engine."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.serving.engines.catalogue import ENGINES, open_engine
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import model_of, open_model, required_stages
from mmannot_tf.serving.network import NetworkInputs

TAGGED = np.array([True, False, True, False])


@pytest.fixture(scope="module")
def run(tiny_run):
    settings = tiny_run.config.evaluation.model_copy(update={"untagged": "visual"})
    return replace(tiny_run, config=tiny_run.config.model_copy(update={"evaluation": settings}))


@pytest.fixture(scope="module")
def inputs(run):
    size = run.config.data.image_size
    pixels = np.random.default_rng(5).uniform(0, 255, (4, size, size, 3)).astype(np.float32)
    return NetworkInputs(pixels, np.where(TAGGED[:, np.newaxis], [[0, 2]], -1).astype(np.int32))


@pytest.fixture(scope="module")
def module(run, tmp_path_factory):
    return AnnotatorModule(run, tmp_path_factory.mktemp("assets"))


@pytest.fixture(scope="module")
def expected(module, run, inputs):
    """By hand: both pairs of heads on the features, and Algorithm 2 on the one of each image."""
    from mmannot_tf.data.images import normalise

    branches = module.branches
    maps = branches["backbone"](normalise(inputs.image, run.preprocessing), training=False)
    visual = branches["fusion"](maps, training=False).numpy()
    textual = branches["tag_encoder"](inputs.tag_lists, training=False).numpy()
    joint = np.concatenate([visual, textual], axis=1)
    logits = [branches["classifier"](joint).numpy(), branches["visual_classifier"](visual).numpy()]
    quantities = [branches["quantity"](joint).numpy(), branches["visual_quantity"](visual).numpy()]
    logits, quantity = np.where(TAGGED[:, np.newaxis], *logits), np.where(TAGGED, *quantities)
    count = np.clip(np.floor(quantity + 0.5), 1, logits.shape[1])
    ranks = np.argsort(np.argsort(-logits, axis=1, kind="stable"), axis=1)
    return {"logits": logits, "quantity": quantity, "selected": ranks < count[:, np.newaxis]}


def _check(outputs, expected):
    np.testing.assert_allclose(outputs.probabilities, 1 / (1 + np.exp(-expected["logits"])), atol=1e-4)
    np.testing.assert_allclose(outputs.predicted_quantity, expected["quantity"], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(outputs.selected, expected["selected"])


def test_the_two_pairs_of_heads_differ(expected, tiny_run, inputs):
    """Else no test here could fail."""
    joint = open_engine("tensorflow", model_of(tiny_run), "float32")(inputs)
    difference = np.abs(joint.predicted_quantity - expected["quantity"])
    assert difference[TAGGED].max() < 1e-4 < difference[~TAGGED].min()


@pytest.mark.exhaustive
def test_a_run_annotates_so(run, inputs, expected):
    _check(open_engine("tensorflow", model_of(run), "float32")(inputs), expected)


@pytest.mark.exhaustive
def test_every_engine_of_an_export_does(run, inputs, expected, tmp_path):
    version = export(run, tmp_path / "E", formats=("saved_model", "onnx", "openvino", "litert"))
    model = open_model(version)
    for name in ENGINES:
        _check(open_engine(name, model, "float32")(inputs), expected)


def test_text_with_unknown_tags_alone_counts_as_no_tags(module, run, scenes):
    (image, *_) = (path.read_bytes() for path in scenes)
    known = run.dataset.tags[0]
    none, unknown, one = (
        values[0]
        for values in np.split(
            module.annotate([image] * 3, ["", "no tag of ours", known])["probabilities"], 3
        )
    )
    np.testing.assert_array_equal(none, unknown)
    assert np.abs(none - one).max() > 1e-4


def test_the_visual_regressor_must_be_trained_and_changes_what_is_annotated(run, tiny_run):
    assert "quantity_visual" in required_stages(run)
    assert "quantity_visual" not in required_stages(tiny_run)
    assert model_of(run).digest != model_of(tiny_run).digest
