"""A stage with `backbone_rate = 0` trains its head on features of the pretrained backbone."""

import keras
import numpy as np
import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.runs.configured_stages import feature_source
from mmannot_tf.runs.run import open_run
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train

pytestmark = pytest.mark.exhaustive
STAGES = ["cnn", "cnn_longer"]


@pytest.fixture(scope="module")
def config(tiny_config, pretrained):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"]["weights"] = str(pretrained[0])
    for stage in ("cnn", "cnn_longer"):
        settings["stages"][stage] |= {"backbone_rate": 0, "epochs": 8, "patience": 8, "learning_rate": 0.1}
    return parse(settings, "test")


@pytest.fixture(scope="module")
def run(config, tiny_records, tmp_path_factory):
    path = tmp_path_factory.mktemp("frozen") / "run"
    return train(config, data=tiny_records.path, run=path, stages=STAGES)


@pytest.fixture(scope="module")
def features(run, pretrained, tiny_records):
    """The validation images' features by hand: the pretrained network's last map, averaged."""
    images = open_session(run).images(16).ordered_split("validation")
    pixels = np.concatenate([batch.numpy() for batch, _ in images.read(None)])
    *_, last = pretrained[1](pixels, training=False)
    return np.asarray(last).mean(axis=(1, 2))


def _head(run, stage, width):
    head = keras.Sequential([keras.Input((width,)), keras.layers.Dense(len(run.dataset.labels))])
    head.load_weights(run.stage(stage) / "weights" / "probe.weights.h5")
    return head.layers[0].kernel.numpy(), head.layers[0].bias.numpy()


def test_the_backbone_stays_as_it_was_pretrained(run, pretrained):
    for stage in ("cnn", "cnn_longer"):
        kept = keras.models.clone_model(pretrained[1])
        kept.load_weights(run.stage(stage) / "weights" / "backbone.weights.h5")
        for have, want in zip(kept.get_weights(), pretrained[1].get_weights(), strict=True):
            np.testing.assert_array_equal(have, want)


def test_its_features_are_the_pretrained_networks(run, features):
    cache = open_session(run).features("validation")
    for stage in ("cnn", "cnn_longer"):
        np.testing.assert_allclose(cache.get([stage])[stage], features, rtol=1e-4, atol=1e-5)
    assert [file.stem for file in run.features("train").glob("*.npy")] == ["pretrained"]


def test_predictions_are_the_heads_on_these_features(run, features):
    predictions = predict(open_session(run), "validation")
    for stage in ("cnn", "cnn_longer"):
        kernel, bias = _head(run, stage, features.shape[1])
        expected = 1 / (1 + np.exp(-(features @ kernel + bias)))
        np.testing.assert_allclose(predictions.probabilities[stage], expected, atol=1e-4)
    first, longer = (_head(run, stage, features.shape[1])[0] for stage in ("cnn", "cnn_longer"))
    assert np.abs(first - longer).max() > 1e-3


def test_heads_learn(run, tiny_records, features):
    """Better than the same head before training, whose logits rank the labels by chance."""
    from mmannot_tf.evaluation.metrics import ranking_precision

    labels = load_arrays(tiny_records, "validation", ()).labels > 0
    kernel, bias = _head(run, "cnn_longer", features.shape[1])
    chance = np.random.default_rng(0).normal(size=(200, *labels.shape))
    by_chance = np.mean([ranking_precision(scores, labels) for scores in chance])
    assert ranking_precision(features @ kernel + bias, labels) > by_chance + 5


def test_later_stages_stand_on_it_and_nothing_is_trained_twice(run, config, tiny_records, capsys):
    assert feature_source(config, "cnn_longer") == "pretrained"
    assert feature_source(config, "ms_cnn") == "ms_cnn"
    train(config, data=tiny_records.path, run=run.path, stages=[*STAGES, "ms_cnn"])
    assert capsys.readouterr().err.count("done, skipped") == len(STAGES)
    assert open_run(run.path).stage("ms_cnn").exists()


def test_groups_before_the_first_trained_one_stay(tiny_config, pretrained, tiny_records, tmp_path):
    """All their weights, batch-norm statistics included; every later kernel and statistic moves."""
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"]["weights"] = str(pretrained[0])
    settings["stages"]["cnn"] |= {"trained_from": "conv4", "epochs": 1}
    run = train(parse(settings, "test"), data=tiny_records.path, run=tmp_path / "run", stages=["cnn"])
    moved = keras.models.clone_model(pretrained[1])
    moved.load_weights(run.weights("cnn", "backbone"))
    for have, want in zip(moved.weights, pretrained[1].weights, strict=True):
        group = have.path.split("/")[-2].partition("_")[0]
        assert group in ("conv1", "conv2", "conv3", "conv4", "conv5")
        same = np.array_equal(have.numpy(), want.numpy())
        assert same == (group < "conv4"), have.path


def test_only_a_pretrained_backbone_can_stay(tiny_config):
    from tfrecords_tools.shell.errors import UserError

    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["cnn"]["backbone_rate"] = 0
    with pytest.raises(UserError, match="needs pretrained weights"):
        parse(settings, "test")
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["joint"] = {"epochs": 1, "learning_rate": 0.1, "backbone_rate": 0}
    with pytest.raises(UserError, match=r"stages\.joint\.backbone_rate must be more than 0"):
        parse(settings, "test")
