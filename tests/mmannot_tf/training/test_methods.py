"""The compared systems in the training loop: trained, skipped, resumed, stale, predicted."""

import dataclasses
import gc
import shutil
import weakref

import keras
import numpy as np
import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages, select_stages
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training import method_builder
from mmannot_tf.training.inference.features import FeatureCache
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from tfrecords_tools.shell.errors import UserError

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


FEW = ("ria", "sinn")
"""One that decodes sequences, one that reads tags."""


@pytest.fixture(
    scope="module",
    params=[FEW, pytest.param(tuple(METHOD_STAGES), marks=pytest.mark.exhaustive)],
    ids=["few", "all"],
)
def names(request):
    return request.param


@pytest.fixture(scope="module")
def run(names, config, tiny_records, tiny_run, tmp_path_factory):
    """The tiny run with compared systems trained; tests must not change it."""
    path = shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("methods") / "run")
    return train(config, data=tiny_records.path, run=path, methods=names)


@pytest.fixture
def copy(run, tmp_path):
    return open_run(shutil.copytree(run.path, tmp_path / "run"))


def _with(config, name, **changes):
    methods = config.methods.model_copy(
        update={name: getattr(config.methods, name).model_copy(update=changes)}
    )
    return config.model_copy(update={"methods": methods})


@pytest.mark.exhaustive
def test_all_are_done_and_the_stages_are_untouched(names, run, tiny_run):
    assert {stage.name for stage in plan.current_stages(run)} >= set(names)
    for stage in configured_stages(tiny_run.config):
        assert plan.stage_digest(run, stage.name) == plan.stage_digest(tiny_run, stage.name)
    for name in names:
        assert len((run.stage(name) / "log.jsonl").read_text().splitlines()) == 2


def test_a_second_training_skips_them(names, config, copy, tiny_records, capsys):
    train(config, data=tiny_records.path, run=copy.path, methods=names)
    said = capsys.readouterr().err
    assert all(f"{name}: done, skipped" in said for name in names)


def test_without_being_asked_for_none_is_trained(tiny_run):
    assert not set(METHOD_STAGES) & {stage.name for stage in plan.current_stages(tiny_run)}


def test_names_are_checked_before_anything_is_read(config):
    with pytest.raises(UserError, match=r"--methods must be all, or name .*sinn.*Received: vgg"):
        select_stages(config, None, ["vgg"])
    stages = [stage.name for stage in select_stages(config, ["cnn"], ["ria", "cnn_warp"])]
    assert stages == ["cnn", "cnn_warp", "ria"]
    every = [stage.name for stage in select_stages(config, ["cnn"], ["all"])]
    assert every == ["cnn", *METHOD_STAGES]


def test_a_changed_setting_makes_stale_that_system_alone(names, run, config):
    changed = open_run(run.path)
    for name in names:
        object.__setattr__(changed, "config", _with(config, name, epochs=3))
        stale = [stage.name for stage in plan.outdated_stages(changed)]
        assert stale == [name]


def test_what_the_tags_decide_concerns_the_systems_that_read_them(names, run, config):
    changed = open_run(run.path)
    data = config.data.model_copy(update={"vocabulary_size": 20})
    object.__setattr__(changed, "config", config.model_copy(update={"data": data}))
    stale = {name for name in names if plan.staleness(changed, METHOD_STAGES[name])}
    assert stale == {"tag_neighbour", "sinn", "sr_cnn_rnn"} & set(names)


@pytest.mark.slow
def test_a_system_needs_the_stage_whose_feature_it_reads(config, tiny_records, tmp_path):
    for name in ("cnn_logistic", "ml_decoder"):
        with pytest.raises(UserError, match="needs stage cnn trained first"):
            train(
                config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"], methods=[name]
            )


@pytest.mark.exhaustive
def test_stopped_in_its_second_epoch_it_goes_on_to_the_same_bits(
    names, config, run, copy, tiny_records, killed_after, saving_each_step
):
    """Draws of neighbours, dropout, sampled ranks and buckets resume exactly."""
    steps = -(-tiny_records.splits["train"] // 16)
    for name in names:
        shutil.rmtree(copy.stage(name))
        what = {"data": tiny_records.path, "run": copy.path, "methods": [name]}
        with killed_after(steps + 1) as after_step:
            train(saving_each_step(config), **what, after_step=after_step)
        resumed = train(saving_each_step(config), **what)
        assert plan.stage_digest(resumed, name) == plan.stage_digest(run, name), name


@pytest.mark.exhaustive
def test_what_the_process_built_before_does_not_show_in_the_weights_file(
    names, config, run, copy, tiny_records
):
    """Keras numbers layers without a name, such as its attention's softmax, and the file holds the names."""
    for name in names:
        shutil.rmtree(copy.stage(name))
    keras.layers.Softmax()
    again = train(config, data=tiny_records.path, run=copy.path, methods=names)
    for name in names:
        assert plan.stage_digest(again, name) == plan.stage_digest(run, name), name


def test_predictions_hold_every_systems_scores_and_those_that_decode_give_label_sets(names, copy):
    predictions = predict(open_session(copy), "test")
    assert set(names) <= set(predictions.probabilities)
    for name in names:
        assert predictions.probabilities[name].shape == predictions.labels.shape
    for name in {"ria", "sr_cnn_rnn"} & set(names):
        assert ((predictions.probabilities[name] > 0).sum(axis=1) >= 1).all()
    if "cnn_rnn" in names:
        assert ((predictions.probabilities["cnn_rnn"] > 0).sum(axis=1) == 3).all()


@pytest.fixture
def features_read(monkeypatch):
    """[(split, a weak reference to its features)] of all features that are read later."""
    concatenated, read = FeatureCache.concatenated, []

    def noted(cache, stages):
        features = concatenated(cache, stages)
        read.append((cache.split, weakref.ref(features)))
        return features

    monkeypatch.setattr(FeatureCache, "concatenated", noted)
    return read


@pytest.mark.exhaustive
def test_a_splits_features_are_held_once_and_let_go_with_the_recipe(names, run, features_read):
    """They take gigabytes for a large data set: none is kept twice, or longer than the recipe."""
    session = open_session(run)
    for name in names:
        recipe = method_builder.method_recipe(session, METHOD_STAGES[name], 16)
        validate = recipe.validation(recipe.build())
        next(iter(recipe.batches.epoch(seed=0, epoch=0)))
        validate()
        assert {split for split, _ in features_read} == {"train", "validation"}, name
        held = [split for split, features in features_read if features() is not None]
        assert len(held) == len(set(held)), name
        del recipe, validate
        gc.collect()
        assert [split for split, features in features_read if features() is not None] == [], name
        features_read.clear()


@pytest.mark.exhaustive
def test_a_splits_features_are_let_go_once_it_is_scored(names, run, features_read):
    for name in names:
        method_builder.method_scores(open_session(run), METHOD_STAGES[name], "test", 16)
        assert "test" in {split for split, _ in features_read}, name
        gc.collect()
        assert [split for split, features in features_read if features() is not None] == [], name
        features_read.clear()


@pytest.mark.exhaustive
def test_test_labels_are_read_by_nothing_that_predicts(names, copy, monkeypatch):
    """Whatever the test split's labels are, the scores on it are the same."""
    session = open_session(copy)
    honest = {
        name: method_builder.method_scores(session, stage, "test", 16)
        for name, stage in METHOD_STAGES.items()
        if name in names
    }
    true = method_builder.method_splits

    def lying(session, stage):
        splits = true(session, stage)

        def of(split):
            data = splits(split)
            return data if split == "train" else dataclasses.replace(data, labels=1 - data.labels)

        return of

    monkeypatch.setattr(method_builder, "method_splits", lying)
    for name in names:
        lied = method_builder.method_scores(session, METHOD_STAGES[name], "test", 16)
        np.testing.assert_array_equal(lied, honest[name], err_msg=name)
