"""The joint stage after a finished run: what it trains, reads, adds and leaves unchanged."""

import dataclasses
import shutil
import signal
import subprocess

import h5py
import numpy as np
import pytest

from mmannot_tf.config.loading import load, parse, shipped
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.inference.trained_branches import trained_branch
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stage_builder import stage_job
from mmannot_tf.training.train import train
from tfrecords_tools.shell.progress import progress_bars

JOINT = STAGES["joint"]


@pytest.fixture(scope="module")
def joint_config(tiny_config):
    settings = tiny_config.model_dump(mode="json")
    settings["stages"]["joint"] = {"epochs": 2, "learning_rate": 0.01}
    return parse(settings, "test")


@pytest.fixture(scope="module")
def trained(joint_config, tiny_records, tiny_run, tmp_path_factory):
    """The tiny run with a trained joint stage, without cached features."""
    path = shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("joint") / "run")
    shutil.rmtree(path / "features")
    return train(joint_config, data=tiny_records.path, run=path)


def _arrays(file):
    """All arrays of a weights file, by name."""
    arrays = {}
    with h5py.File(file) as saved:
        saved.visititems(lambda name, node: arrays.update({name: node[()]} if hasattr(node, "shape") else {}))
    return arrays


def _finished(run, branch):
    """The initial weights of a branch of the joint stage."""
    return _arrays(run.weights(JOINT.starts_from[branch], branch))


@pytest.mark.exhaustive
def test_it_starts_where_algorithm_1_ends(joint_config, tiny_run, tmp_path):
    copy = open_run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    session = open_session(dataclasses.replace(copy, config=joint_config))
    with progress_bars() as bars:
        job = stage_job(session, JOINT, bars, Signals())
        job.log.close()
    assert set(job.network.branches) == set(JOINT.trains)
    for name, branch in job.network.branches.items():
        branch.save_weights(tmp_path / f"{name}.weights.h5")
        have, want = _arrays(tmp_path / f"{name}.weights.h5"), _finished(tiny_run, name)
        assert set(have) == set(want)
        for key, value in want.items():
            np.testing.assert_array_equal(have[key], value, err_msg=f"{name} {key}")


@pytest.mark.exhaustive
def test_it_moves_all_branches_and_leaves_every_other_stage_alone(trained, tiny_run):
    weights = {
        file.name.removesuffix(".weights.h5"): _arrays(file)
        for file in (trained.stage("joint") / "weights").iterdir()
    }
    assert set(weights) == set(JOINT.trains)
    for name, after in weights.items():
        before = _finished(tiny_run, name)
        assert np.mean([not np.array_equal(after[key], value) for key, value in before.items()]) > 0.7, name
    assert not (trained.path / "features").exists()
    for stage in configured_stages(tiny_run.config):
        assert plan.stage_digest(trained, stage.name) == plan.stage_digest(tiny_run, stage.name)


@pytest.mark.exhaustive
def test_its_predictions_are_its_own_networks_and_the_others_do_not_change(trained, tiny_run, tmp_path):
    run = open_run(shutil.copytree(trained.path, tmp_path / "run"))
    predictions = predict(open_session(run), "test")
    staged = predict(open_session(open_run(shutil.copytree(tiny_run.path, tmp_path / "staged"))), "test")
    assert set(predictions.probabilities) == {*staged.probabilities, "joint"}
    assert set(predictions.quantity) == {*staged.quantity, "joint"}
    for name, values in staged.probabilities.items():
        np.testing.assert_array_equal(predictions.probabilities[name], values)
    logits, quantity = _by_hand(run)
    np.testing.assert_allclose(predictions.probabilities["joint"], 1 / (1 + np.exp(-logits)), atol=1e-5)
    np.testing.assert_allclose(predictions.quantity["joint"], quantity, rtol=1e-4)
    evaluation = evaluate(predictions, EvaluationSettings(), readings={})
    assert {"Joint MS-CNN+Tags", "Joint MS-CNN+Tags+LQP"} <= {row.method for row in evaluation.rows}
    assert "Joint" in [row.features for row in evaluation.quantity]


def _by_hand(run):
    """The trained branches called one after the other on the test split."""
    session = open_session(run)
    images = np.concatenate([batch.numpy() for batch, _ in session.images(7).split("test")])
    backbone = trained_branch(run, JOINT, "backbone", None)
    fusion = trained_branch(run, JOINT, "fusion", [tap.shape[1:] for tap in backbone.outputs])
    visual = fusion(backbone(images)).numpy()
    tags = session.arrays("test").tag_lists
    feature = np.concatenate([visual, trained_branch(run, JOINT, "tag_encoder", None)(tags)], axis=1)
    heads = [trained_branch(run, JOINT, name, feature.shape[1:]) for name in JOINT.heads]
    return [head(feature).numpy() for head in heads]


@pytest.mark.exhaustive
def test_stopped_within_its_second_epoch_it_goes_on_to_the_same_bits(
    joint_config, tiny_records, tiny_run, trained, tmp_path, killed_after, saving_each_step
):
    """Dropout, shuffling, batch-norm statistics and their re-estimation resume exactly."""
    what = {"data": tiny_records.path, "run": shutil.copytree(tiny_run.path, tmp_path / "run")}
    steps = -(-tiny_records.splits["train"] // 16)
    with killed_after(steps + 1) as after_step:
        train(saving_each_step(joint_config), **what, after_step=after_step)
    resumed = train(saving_each_step(joint_config), **what)
    assert plan.stage_digest(resumed, "joint") == plan.stage_digest(trained, "joint")


@pytest.mark.exhaustive
def test_killed_and_resumed_it_is_the_uninterrupted_one(
    joint_config, tiny_run, trained, tmp_path, command_for, stopped_within
):
    path = shutil.copytree(tiny_run.path, tmp_path / "run")
    command = command_for(joint_config, path)
    status, _ = stopped_within(command, path / "stages" / "joint", signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert plan.stage_digest(open_run(path), "joint") is None
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    assert plan.stage_digest(open_run(path), "joint") == plan.stage_digest(trained, "joint")


def test_it_is_off_in_every_shipped_configuration():
    for name, file in shipped().items():
        config = load(file)
        assert config.stages.joint is None, name
        assert JOINT.name not in [stage.name for stage in configured_stages(config)]


def test_two_keys_turn_it_on():
    config = load("quickstart", ["stages.joint.epochs=2", "stages.joint.learning_rate=0.001"])
    assert configured_stages(config)[-1] is JOINT
