"""The compared systems through the one loop: trained, skipped, resumed, stale, predicted."""

import dataclasses
import gc
import shutil
import weakref

import keras
import numpy as np
import pytest

from mmannot_tf.baselines import METHODS
from mmannot_tf.config.loading import parse
from mmannot_tf.training import method_fitting, plan
from mmannot_tf.training.features import FeatureCache
from mmannot_tf.training.loop import Loop
from mmannot_tf.training.predict import predict
from mmannot_tf.training.run import open_run
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stages.methods import METHOD_STAGES
from mmannot_tf.training.train import train
from tfrecords_tools.errors import UserError

# The tiny backbone's last map has one place at 32 pixels: Keras' attention warns of a softmax over it.
pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")

SMALL = {"embedding": 8, "units": 16}
METHOD_SETTINGS = {
    "cnn_rnn": SMALL,
    "ria": SMALL,
    "sr_cnn_rnn": SMALL,
    "tag_neighbour": {"hidden": 16},
    "ml_decoder": {"width": 16, "heads": 2, "feed_forward": 16},
}


@pytest.fixture(scope="module")
def config(tiny_config):
    settings = tiny_config.model_dump(mode="json")
    settings["methods"] = {
        name: {"epochs": 2, "learning_rate": 0.005, **METHOD_SETTINGS.get(name, {})} for name in METHOD_STAGES
    }
    return parse(settings, "test")


@pytest.fixture(scope="module")
def run(config, tiny_records, tiny_run, tmp_path_factory):
    """The tiny run with every compared system trained; tests must not change it."""
    path = shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("methods") / "run")
    return train(config, data=tiny_records.path, run=path, methods=["all"])


@pytest.fixture
def copy(run, tmp_path):
    return open_run(shutil.copytree(run.path, tmp_path / "run"))


def _with(config, name, **changes):
    methods = config.methods.model_copy(
        update={name: getattr(config.methods, name).model_copy(update=changes)}
    )
    return config.model_copy(update={"methods": methods})


def test_all_are_done_and_the_stages_are_untouched(run, tiny_run):
    assert {stage.name for stage in plan.finished(run)} >= set(METHOD_STAGES)
    for stage in plan.configured(tiny_run.config):
        assert plan.stage_digest(run, stage.name) == plan.stage_digest(tiny_run, stage.name)
    for name in METHOD_STAGES:
        assert len((run.stage(name) / "log.jsonl").read_text().splitlines()) == 2


def test_a_second_training_skips_them(config, copy, tiny_records, capsys):
    train(config, data=tiny_records.path, run=copy.path, methods=["all"])
    said = capsys.readouterr().err
    assert all(f"{name}: done, skipped" in said for name in METHOD_STAGES)


def test_without_being_asked_for_none_is_trained(tiny_run):
    assert not set(METHOD_STAGES) & {stage.name for stage in plan.finished(tiny_run)}


def test_names_are_checked_before_anything_is_read(config):
    with pytest.raises(UserError, match=r"--methods must be all, or name .*sinn.*Received: vgg"):
        plan.chosen(config, None, ["vgg"])
    stages = [stage.name for stage in plan.chosen(config, ["cnn"], ["ria", "cnn_warp"])]
    assert stages == ["cnn", "cnn_warp", "ria"]


@pytest.mark.parametrize("name", METHOD_STAGES)
def test_a_changed_setting_makes_stale_that_system_alone(run, config, name):
    changed = open_run(run.path)
    object.__setattr__(changed, "config", _with(config, name, epochs=3))
    stale = [stage.name for stage in plan.finished(changed) if plan.staleness(changed, stage)]
    assert stale == [name]


def test_what_the_tags_decide_concerns_the_systems_that_read_them(run, config):
    changed = open_run(run.path)
    data = config.data.model_copy(update={"vocabulary_size": 20})
    object.__setattr__(changed, "config", config.model_copy(update={"data": data}))
    stale = [name for name, stage in METHOD_STAGES.items() if plan.staleness(changed, stage)]
    assert stale == ["tag_neighbour", "sinn", "sr_cnn_rnn"]


def test_a_system_needs_the_stage_whose_feature_it_reads(config, tiny_records, tmp_path):
    for name in ("cnn_logistic", "ml_decoder"):
        with pytest.raises(UserError, match="needs stage cnn trained first"):
            train(
                config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"], methods=[name]
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", METHOD_STAGES)
def test_stopped_in_its_second_epoch_it_goes_on_to_the_same_bits(
    name, config, run, copy, tiny_records, killed_in, saving_each_step
):
    """Draws of neighbours, dropout, sampled ranks, buckets: all taken up where they were."""
    shutil.rmtree(copy.stage(name))
    what = {"data": tiny_records.path, "run": copy.path, "methods": [name]}
    steps = -(-tiny_records.splits["train"] // 16)
    with killed_in(Loop, "_advance", after=steps + 1):
        train(saving_each_step(config), **what)
    resumed = train(saving_each_step(config), **what)
    assert plan.stage_digest(resumed, name) == plan.stage_digest(run, name)


@pytest.mark.slow
def test_what_the_process_built_before_does_not_show_in_the_weights_file(config, run, copy, tiny_records):
    """Keras numbers layers without a name, such as its attention's softmax, and the file holds the names."""
    shutil.rmtree(copy.stage("ml_decoder"))
    keras.layers.Softmax()
    again = train(config, data=tiny_records.path, run=copy.path, methods=["ml_decoder"])
    assert plan.stage_digest(again, "ml_decoder") == plan.stage_digest(run, "ml_decoder")


def test_predictions_hold_every_systems_scores_and_those_that_decode_give_label_sets(copy, tiny_run):
    predictions = predict(open_session(copy), "test")
    assert set(METHOD_STAGES) <= set(predictions.probabilities)
    shape = predictions.labels.shape
    for name in METHOD_STAGES:
        assert predictions.probabilities[name].shape == shape
    for name in ("ria", "sr_cnn_rnn"):
        assert ((predictions.probabilities[name] > 0).sum(axis=1) >= 1).all()
    assert ((predictions.probabilities["cnn_rnn"] > 0).sum(axis=1) == 3).all()


@pytest.fixture
def features_read(monkeypatch):
    """[(split, a weak reference to its features)] of all that is read from now on."""
    joint, read = FeatureCache.joint, []

    def noted(cache, stages):
        features = joint(cache, stages)
        read.append((cache.split, weakref.ref(features)))
        return features

    monkeypatch.setattr(FeatureCache, "joint", noted)
    return read


@pytest.mark.parametrize("name", METHOD_STAGES)
def test_a_splits_features_are_read_once_and_let_go_with_the_recipe(name, run, features_read):
    session, stage = open_session(run), METHOD_STAGES[name]
    recipe = method_fitting.method_recipe(session, stage, 16)
    validate = recipe.validation(recipe.build())
    next(iter(recipe.batches.epoch(seed=0, epoch=0)))
    validate()
    assert sorted(split for split, _ in features_read) == ["train", "validation"]
    del recipe, validate
    gc.collect()
    assert [split for split, features in features_read if features() is not None] == []


@pytest.mark.parametrize("name", METHOD_STAGES)
def test_a_splits_features_are_read_once_to_score_it(name, run, features_read):
    method_fitting.method_scores(open_session(run), METHOD_STAGES[name], "test", 16)
    read = [split for split, _ in features_read]
    assert read.count("test") == 1 and len(set(read)) == len(read)
    gc.collect()
    assert [split for split, features in features_read if features() is not None] == []


@pytest.mark.slow
def test_test_labels_are_read_by_nothing_that_predicts(copy, monkeypatch):
    """Whatever the test split's labels are, the scores on it are the same."""
    session = open_session(copy)
    honest = {
        name: method_fitting.method_scores(session, stage, "test", 16)
        for name, stage in METHOD_STAGES.items()
    }
    true = method_fitting.method_splits

    def lying(session, stage):
        splits = true(session, stage)

        def of(split):
            data = splits(split)
            return data if split == "train" else dataclasses.replace(data, labels=1 - data.labels)

        return of

    monkeypatch.setattr(method_fitting, "method_splits", lying)
    for name, stage in METHOD_STAGES.items():
        lied = method_fitting.method_scores(session, stage, "test", 16)
        np.testing.assert_array_equal(lied, honest[name], err_msg=name)


def test_every_method_has_differences_and_a_citation():
    for method in METHODS.values():
        assert method.differs and "arXiv" in method.citation
