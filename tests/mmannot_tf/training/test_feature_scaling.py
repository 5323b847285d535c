"""`stages.cnn_head`, which `cnn` starts from, and `model.feature_scaling = "standardized"`."""

import h5py
import numpy as np
import pytest

import mmannot_tf
from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.runs.configured_stages import stage_named
from mmannot_tf.runs.plan import staleness
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.method_builder import method_splits
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.slow
STAGES = ("cnn_head", "cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")


@pytest.fixture(scope="module")
def settings(tiny_config, pretrained):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"] |= {"weights": str(pretrained[0]), "feature_scaling": "standardized"}
    settings["stages"]["cnn_head"] = {"epochs": 3, "learning_rate": 0.05}
    settings["stages"]["cnn"] = {"epochs": 1, "learning_rate": 1e-9}
    settings["stages"] = {name: settings["stages"][name] for name in STAGES}
    return settings


@pytest.fixture(scope="module")
def run(settings, tiny_records, tmp_path_factory):
    path = tmp_path_factory.mktemp("scaled") / "run"
    return train(parse(settings, "test"), data=tiny_records.path, run=path)


@pytest.fixture(scope="module")
def predictions(run):
    return predict(open_session(run), "validation")


def _weights(run, stage, branch):
    """The weights of a branch as its file has them: [kernel, bias, …] and standardisation's two."""
    with h5py.File(run.stage(stage) / "weights" / f"{branch}.weights.h5") as file:
        found = {}
        file.visititems(lambda name, item: found.update({name: item[()]} if hasattr(item, "shape") else {}))
    return found


def _of(weights, layer):
    return [values for name, values in sorted(weights.items()) if layer in name]


def _features(run, split, names):
    return np.concatenate(list(open_session(run).features(split).get(names).values()), axis=1)


@pytest.mark.parametrize(
    ("stage", "branch", "read"),
    [
        ("cnn_head", "probe", ["pretrained"]),
        ("classifier", "classifier", ["cnn", "tag_encoder"]),
        ("quantity_visual", "quantity", ["cnn"]),
        ("quantity", "quantity", ["cnn", "tag_encoder"]),
    ],
)
def test_heads_take_mean_and_deviation_from_training_features(run, stage, branch, read):
    features = _features(run, "train", read)
    mean, deviation = _of(_weights(run, stage, branch), "standardization")
    np.testing.assert_allclose(mean, features.mean(axis=0), rtol=1e-4, atol=1e-5)
    spread = features.std(axis=0)
    least = 0.01 * np.sqrt((spread**2).mean())
    np.testing.assert_allclose(deviation, np.maximum(spread, least), rtol=1e-3)


def test_predictions_are_the_heads_on_standardised_features(run, predictions):
    for stage, branch, names in (
        ("cnn_head", "probe", ["pretrained"]),
        ("classifier", "classifier", ["cnn", "tag_encoder"]),
    ):
        train_features = _features(run, "train", names).astype(np.float64)
        spread = train_features.std(axis=0)
        spread = np.maximum(spread, 0.01 * np.sqrt((spread**2).mean()))
        features = (_features(run, "validation", names) - train_features.mean(axis=0)) / spread
        kernel, bias = _of(_weights(run, stage, branch), "dense")
        logits = features @ kernel + bias
        np.testing.assert_allclose(
            predictions.probabilities[stage], 1 / (1 + np.exp(-logits)), rtol=1e-3, atol=1e-4
        )


def test_the_cnn_starts_from_the_head(run):
    """It hardly moves at its rate, so that its head is still that of `cnn_head`."""
    head, later = (_weights(run, stage, "probe") for stage in ("cnn_head", "cnn"))
    assert head.keys() == later.keys()
    for name, values in head.items():
        np.testing.assert_allclose(later[name], values, atol=1e-5)
    assert np.abs(_of(head, "dense")[0]).max() > 0.01
    assert stage_named(run.config, "cnn").upstream == ("cnn_head",)


def test_its_row_stands_beside_the_fine_tuned_cnns(predictions):
    rows = [row.method for row in evaluate(predictions, EvaluationSettings(), readings={}).rows]
    assert rows.index("CNN, not fine-tuned") == rows.index("CNN") + 1


def test_what_annotates_agrees_with_what_was_scored(run, predictions):
    examples = list(read(open_session(run).records, "validation").as_numpy_iterator())
    tags = [[tag.decode() for tag in example["tags"]] for example in examples]
    outputs = mmannot_tf.load(run.path).predict([example["image"] for example in examples], tags)
    rows = [predictions.ids.index(example["id"].decode()) for example in examples]
    np.testing.assert_allclose(
        outputs["probabilities"], predictions.probabilities["classifier"][rows], rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(
        outputs["predicted_quantity"], predictions.quantity["quantity"][rows], rtol=1e-3, atol=1e-4
    )


def test_compared_systems_read_standardised_features_too(run):
    of_split = method_splits(open_session(run), METHOD_STAGES["cnn_logistic"])
    features = of_split("train").features
    moving = features.std(axis=0) > 0.5
    assert moving.any()
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(features[:, moving].std(axis=0), 1, rtol=1e-3)
    raw = _features(run, "train", ["cnn"])
    deviation = np.maximum(raw.std(axis=0), 0.01 * np.sqrt((raw.std(axis=0) ** 2).mean()))
    np.testing.assert_allclose(
        of_split("validation").features,
        (_features(run, "validation", ["cnn"]) - raw.mean(axis=0)) / deviation,
        rtol=1e-3,
        atol=1e-3,
    )


def test_another_scaling_makes_every_head_stale(run, settings):
    config = parse({**settings, "model": {**settings["model"], "feature_scaling": "none"}}, "test")
    other = Run(run.path, config, run.dataset, run.provenance)
    for name in STAGES:
        reasons = staleness(other, stage_named(config, name))
        assert "model.feature_scaling was standardized, is none" in reasons


def test_a_head_needs_pretrained_weights(settings):
    with pytest.raises(UserError, match=r"stages\.cnn_head needs pretrained weights"):
        parse({**settings, "model": {**settings["model"], "weights": "random"}}, "test")
