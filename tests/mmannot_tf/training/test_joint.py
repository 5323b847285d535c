"""The joint stage on top of a finished run: what it trains, what it reads, what it adds and leaves alone."""

import shutil
import signal
import subprocess

import numpy as np
import pytest

from mmannot_tf.config.loading import load, parse, shipped
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.training import fitting, plan
from mmannot_tf.training.features import FeatureCache
from mmannot_tf.training.loop import Loop
from mmannot_tf.training.predict import predict
from mmannot_tf.training.run import open_run
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stages import STAGES
from mmannot_tf.training.train import train
from mmannot_tf.training.trained import trained_branch

JOINT = STAGES["joint"]


@pytest.fixture(scope="module")
def joint_config(tiny_config):
    settings = tiny_config.model_dump(mode="json")
    settings["stages"]["joint"] = {"epochs": 2, "learning_rate": 0.01}
    return parse(settings, "test")


@pytest.fixture(scope="module")
def trained(joint_config, tiny_records, tiny_run, tmp_path_factory):
    """The tiny run with the joint stage trained on top; and what its branches were before and after."""
    seen = {}

    class Watched(fitting.Loop):
        def run(self):
            branches = self.job.network.branches
            seen["before"] = {name: branch.get_weights() for name, branch in branches.items()}
            outcome = super().run()
            seen["after"] = {name: branch.get_weights() for name, branch in branches.items()}
            return outcome

    def refused(*_):
        pytest.fail("the joint stage must not read cached features")

    path = shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("joint") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "Loop", Watched)
        patch.setattr(FeatureCache, "get", refused)
        return train(joint_config, data=tiny_records.path, run=path), seen


def test_it_starts_where_algorithm_1_ends(trained, tiny_run):
    _, seen = trained
    joint_width = (seen["before"]["classifier"][0].shape[0],)
    maps = trained_branch(tiny_run, STAGES["ms_cnn"], "backbone", None).outputs
    shapes = {"fusion": [one.shape[1:] for one in maps], "classifier": joint_width, "quantity": joint_width}
    for branch, stage in JOINT.starts_from.items():
        finished = trained_branch(tiny_run, STAGES[stage], branch, shapes.get(branch))
        for have, want in zip(seen["before"][branch], finished.get_weights(), strict=True):
            np.testing.assert_array_equal(have, want)


def test_it_moves_all_branches_and_leaves_every_other_stage_alone(trained, tiny_run):
    run, seen = trained
    assert set(seen["after"]) == set(JOINT.trains)
    for branch, before in seen["before"].items():
        moved = [not np.array_equal(*pair) for pair in zip(before, seen["after"][branch], strict=True)]
        assert np.mean(moved) > 0.7, branch
    weights = {file.name.removesuffix(".weights.h5") for file in (run.stage("joint") / "weights").iterdir()}
    assert weights == set(JOINT.trains)
    for stage in plan.configured(tiny_run.config):
        assert plan.stage_digest(run, stage.name) == plan.stage_digest(tiny_run, stage.name)


@pytest.mark.slow
def test_its_predictions_are_its_own_networks_and_the_others_do_not_change(trained, tiny_run, tmp_path):
    run = open_run(shutil.copytree(trained[0].path, tmp_path / "run"))
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
    assert {"Joint MS-CNN+Tags", "Joint MS-CNN+Tags+LQP"} <= {row["method"] for row in evaluation["rows"]}
    assert "Joint" in [row["features"] for row in evaluation["quantity"]]


def _by_hand(run):
    """The trained branches called one after the other on the test split."""
    session = open_session(run)
    images = np.concatenate([batch.numpy() for batch, _ in session.images(7).split("test")])
    backbone = trained_branch(run, JOINT, "backbone", None)
    fusion = trained_branch(run, JOINT, "fusion", [one.shape[1:] for one in backbone.outputs])
    visual = fusion(backbone(images)).numpy()
    tags = session.arrays("test").tag_lists
    feature = np.concatenate([visual, trained_branch(run, JOINT, "tag_encoder", None)(tags)], axis=1)
    heads = [trained_branch(run, JOINT, name, feature.shape[1:]) for name in JOINT.heads]
    return [head(feature).numpy() for head in heads]


@pytest.mark.slow
def test_stopped_within_its_second_epoch_it_goes_on_to_the_same_bits(
    joint_config, tiny_records, tiny_run, trained, tmp_path, killed_in, saving_each_step
):
    """Dropout, shuffling, batch-norm statistics and their re-estimation, all taken up where they were."""
    what = {"data": tiny_records.path, "run": shutil.copytree(tiny_run.path, tmp_path / "run")}
    steps = -(-tiny_records.splits["train"] // 16)
    with killed_in(Loop, "_advance", after=steps + 1):
        train(saving_each_step(joint_config), **what)
    resumed = train(saving_each_step(joint_config), **what)
    assert plan.stage_digest(resumed, "joint") == plan.stage_digest(trained[0], "joint")


@pytest.mark.slow
def test_killed_and_resumed_it_is_the_uninterrupted_one(
    joint_config, tiny_run, trained, tmp_path, command_for, stopped_within
):
    path = shutil.copytree(tiny_run.path, tmp_path / "run")
    command = command_for(joint_config, path)
    status, _ = stopped_within(command, path / "stages" / "joint", signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert plan.stage_digest(open_run(path), "joint") is None
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    assert plan.stage_digest(open_run(path), "joint") == plan.stage_digest(trained[0], "joint")


def test_it_is_off_in_every_shipped_configuration():
    for name, file in shipped().items():
        config = load(file)
        assert config.stages.joint is None, name
        assert JOINT.name not in [stage.name for stage in plan.configured(config)]


def test_two_keys_turn_it_on():
    config = load("quickstart", ["stages.joint.epochs=2", "stages.joint.learning_rate=0.001"])
    assert plan.configured(config)[-1] is JOINT
