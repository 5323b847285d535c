"""`stages.classifier.untagged_share`: training hides the tags of a share of the images."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf import build_tag_encoder
from mmannot_tf.config.loading import parse
from mmannot_tf.runs.configured_stages import stage_named
from mmannot_tf.runs.plan import staleness
from mmannot_tf.training.session import open_session
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def run(tiny_run):
    settings = tiny_run.config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["classifier"]["untagged_share"] = 0.4
    return replace(tiny_run, config=parse(settings, "test"))


@pytest.fixture(scope="module")
def untagged(tiny_run):
    """f_t of no tags by hand: the first layer sees zeros."""
    hidden = tiny_run.config.model.tag_hidden
    encoder = build_tag_encoder(len(tiny_run.dataset.tags), hidden=hidden)
    encoder.load_weights(tiny_run.stage("tag_encoder") / "weights" / "tag_encoder.weights.h5")
    _, first, kernel, second = encoder.get_weights()
    return np.maximum(np.maximum(first, 0) @ kernel + second, 0)


def test_the_tags_of_a_share_are_hidden(run, untagged):
    batches = open_session(run).training_batches(stage_named(run.config, "classifier"), 16)
    epochs = [
        np.concatenate([f.numpy() for f, _ in batches.epoch(seed=1, epoch=epoch)]) for epoch in range(6)
    ]
    features = np.concatenate(epochs)
    plain = open_session(run).features("train").concatenated(("ms_cnn", "tag_encoder"))
    hidden = np.isclose(features[:, -len(untagged) :], untagged, atol=1e-5).all(axis=1)
    without = np.isclose(plain[:, -len(untagged) :], untagged, atol=1e-5).all(axis=1).mean()
    expected = without + 0.4 * (1 - without)
    assert abs(hidden.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / len(hidden))
    known = {tuple(np.round(row, 4)) for row in plain[:, : -len(untagged)]}
    assert {tuple(np.round(row, 4)) for row in features[:, : -len(untagged)]} <= known


def test_other_stages_see_every_tag(run):
    batches = open_session(run).training_batches(stage_named(run.config, "quantity"), 16)
    assert batches.hidden is None


def test_the_share_makes_its_stage_stale_alone(run):
    assert staleness(run, stage_named(run.config, "classifier")) == [
        "stages.classifier.untagged_share was 0.0, is 0.4"
    ]
    assert staleness(run, stage_named(run.config, "quantity")) == []


@pytest.mark.parametrize("stage", ["cnn", "ms_cnn", "quantity_visual", "tag_encoder"])
def test_stages_that_read_no_joint_feature_have_no_such_key(tiny_config, stage):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["stages"][stage]["untagged_share"] = 0.1
    with pytest.raises(UserError, match="untagged_share"):
        parse(settings, "test")
