"""`model.classifier_start = "frequencies"`: an untrained classifier answers how frequent each label is."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from mmannot_tf.config.methods import LABEL_LAYERS
from mmannot_tf.runs.configured_stages import stage_named
from mmannot_tf.runs.plan import stage_inputs, staleness
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stage_builder import RECIPES

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def started(run_without_fusion):
    """The run, configured to start its classifiers at the label frequencies."""
    config = run_without_fusion.config
    model = config.model.model_copy(update={"classifier_start": "frequencies"})
    return replace(run_without_fusion, config=config.model_copy(update={"model": model}))


def _untrained(run, stage):
    """The untrained network of a stage, and the training split's labels."""
    session = open_session(run)
    keras.utils.set_random_seed(0)
    return RECIPES[stage.section](session, stage, 8).build().model, session.arrays("train").labels


def _layer(network, name):
    """A layer of a network or of its head."""
    return next(layer for layer in network._flatten_layers() if layer.name == name)


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("cnn_head", True),
        ("classifier", True),
        ("tag_encoder", False),
        ("cnn_logistic", True),
        ("tag_neighbour", False),
        ("sinn", False),
    ],
)
def test_an_untrained_classifier_starts_at_the_frequency_of_each_label(started, name, alone):
    stage = METHOD_STAGES[name] if name in METHOD_STAGES else stage_named(started.config, name)
    network, labels = _untrained(started, stage)
    logits = _layer(network, LABEL_LAYERS.get(name, "logits"))
    frequencies = (labels.sum(axis=0) + 0.5) / (len(labels) + 1)
    assert np.ptp(frequencies) > 0.1
    np.testing.assert_allclose(keras.ops.sigmoid(logits.bias), frequencies, rtol=1e-5)
    assert logits.kernel.numpy().any() != alone


def test_the_start_is_random_unless_asked_for(run_without_fusion):
    network, _ = _untrained(run_without_fusion, stage_named(run_without_fusion.config, "classifier"))
    assert _layer(network, "logits").kernel.numpy().any()
    assert not _layer(network, "logits").bias.numpy().any()


def test_another_start_makes_classifiers_stale_and_quantities_not(started):
    for name, stale in (("cnn_head", True), ("tag_encoder", True), ("classifier", True), ("quantity", False)):
        phrase = "model.classifier_start was glorot, is frequencies"
        assert (phrase in staleness(started, stage_named(started.config, name))) == stale


def test_it_concerns_the_compared_systems_with_the_cross_entropy_of_single_labels(started):
    """Not ASL and ML-Decoder: their loss hardly has a gradient where absent labels are improbable."""
    concerned = {
        name
        for name, stage in METHOD_STAGES.items()
        if "model.classifier_start" in stage_inputs(started, stage)
    }
    assert concerned == {"cnn_logistic", "tag_neighbour", "sinn"} == set(LABEL_LAYERS)


def test_later_stages_start_from_the_trained_head_all_the_same(started, weights_of):
    network, _ = _untrained(started, stage_named(started.config, "cnn"))
    kernel = _layer(network, "logits").kernel.numpy()
    trained = weights_of(started, "cnn_head", "probe")
    assert any(values.shape == kernel.shape and np.array_equal(values, kernel) for values in trained.values())
