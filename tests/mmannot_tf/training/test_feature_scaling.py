"""`stages.cnn_head`, which `cnn` starts from, and `model.feature_scaling = "standardized"`."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.runs.configured_stages import configured_stages, stage_named
from mmannot_tf.runs.plan import staleness
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training.method_builder import method_splits
from mmannot_tf.training.session import open_session
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def run(run_without_fusion):
    return run_without_fusion


@pytest.fixture(scope="module")
def predictions(predictions_without_fusion):
    return predictions_without_fusion


@pytest.mark.parametrize(
    ("stage", "branch", "read"),
    [
        ("cnn_head", "probe", ["pretrained"]),
        ("classifier", "classifier", ["cnn", "tag_encoder"]),
        ("quantity_visual", "quantity", ["cnn"]),
        ("quantity", "quantity", ["cnn", "tag_encoder"]),
    ],
)
def test_heads_take_mean_and_deviation_from_training_features(
    run, stage, branch, read, weights_of, features_of
):
    features = features_of(run, "train", read)
    weights = weights_of(run, stage, branch)
    deviation, mean = (
        next(values for name, values in weights.items() if "standardization" in name and name.endswith(end))
        for end in ("1", "0")
    )
    np.testing.assert_allclose(mean, features.mean(axis=0), rtol=1e-4, atol=1e-5)
    spread = features.std(axis=0)
    least = 0.01 * np.sqrt((spread**2).mean())
    np.testing.assert_allclose(deviation, np.maximum(spread, least), rtol=1e-3)


def test_the_head_on_the_pretrained_cnn_reads_them(run, predictions, outputs_by_hand):
    logits = outputs_by_hand(run, "cnn_head", "probe", ["pretrained"])
    np.testing.assert_allclose(
        predictions.probabilities["cnn_head"], 1 / (1 + np.exp(-logits)), rtol=1e-3, atol=1e-4
    )


def test_the_cnn_starts_from_the_head(run, weights_of):
    """It hardly moves at its rate, so that its head is still that of `cnn_head`."""
    head, later = (weights_of(run, stage, "probe") for stage in ("cnn_head", "cnn"))
    assert head.keys() == later.keys()
    for name, values in head.items():
        np.testing.assert_allclose(later[name], values, atol=1e-5)
    assert max(np.abs(values).max() for name, values in head.items() if "standard" not in name) > 0.01
    assert stage_named(run.config, "cnn").upstream == ("cnn_head",)


def test_its_row_stands_beside_the_fine_tuned_cnns(predictions):
    rows = [row.method for row in evaluate(predictions, EvaluationSettings(), readings={}).rows]
    assert rows.index("CNN, not fine-tuned") == rows.index("CNN") + 1


def test_compared_systems_read_standardised_features_too(run, features_of):
    of_split = method_splits(open_session(run), METHOD_STAGES["cnn_logistic"])
    features = of_split("train").features
    moving = features.std(axis=0) > 0.5
    assert moving.any()
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(features[:, moving].std(axis=0), 1, rtol=1e-3)
    raw = features_of(run, "train", ["cnn"])
    deviation = np.maximum(raw.std(axis=0), 0.01 * np.sqrt((raw.std(axis=0) ** 2).mean()))
    np.testing.assert_allclose(
        of_split("validation").features,
        (features_of(run, "validation", ["cnn"]) - raw.mean(axis=0)) / deviation,
        rtol=1e-3,
        atol=1e-3,
    )


def test_another_scaling_makes_every_head_stale(run):
    model = run.config.model.model_copy(update={"feature_scaling": "none"})
    other = replace(run, config=run.config.model_copy(update={"model": model}))
    for stage in configured_stages(other.config):
        assert "model.feature_scaling was standardized, is none" in staleness(other, stage)


def test_a_head_needs_pretrained_weights(config_without_fusion):
    settings = config_without_fusion.model_dump(mode="json", exclude_none=True)
    settings["model"]["weights"] = "random"
    with pytest.raises(UserError, match=r"stages\.cnn_head needs pretrained weights"):
        parse(settings, "test")
