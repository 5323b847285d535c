import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.network import Network
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def job_for(stage_job):
    """Makes jobs that train one linear layer, with a given score for each epoch."""

    def make(
        *,
        epochs=2,
        rate=0.1,
        scores=(1.0, 2.0, 3.0),
        folder="stage",
        inputs=None,
        optimizer="sgd",
        settings=None,
        **training,
    ):
        remaining = iter(scores)
        return stage_job(
            folder,
            inputs=inputs,
            settings=StageSettings(epochs=epochs, learning_rate=rate, optimizer=optimizer, **settings or {}),
            training=TrainingSettings(batch_size=8, **{"weight_decay": "none", **training}),
            validate=lambda: (lambda score: ({"image_f1": score}, score))(next(remaining)),
        )

    return make


def _momentum_by_hand(job, *, epochs, rate, decay=0.0):
    """SGD with momentum 0.9 on eq. 4, its gradient written out: dL/dlogits = sigmoid(logits) - y."""
    kernel, bias = job.network.model.get_weights()
    speeds = [np.zeros_like(kernel), np.zeros_like(bias)]
    for epoch in range(epochs):
        for inputs, targets in job.batches.epoch(seed=0, epoch=epoch):
            error = 1 / (1 + np.exp(-(inputs.numpy() @ kernel + bias))) - targets.numpy()
            gradients = [inputs.numpy().T @ error / 8 + decay * kernel, error.sum(axis=0) / 8]
            speeds = [
                0.9 * speed - rate * gradient for speed, gradient in zip(speeds, gradients, strict=True)
            ]
            kernel, bias = kernel + speeds[0], bias + speeds[1]
    return kernel, bias


@pytest.mark.parametrize(("reading", "coefficient"), [("none", 0.0), ("l2", 4e-5), ("literal", 0.9997)])
def test_steps_are_momentum_on_the_loss_over_the_batch_size(job_for, reading, coefficient):
    job = job_for(weight_decay=reading)
    expected = _momentum_by_hand(job, epochs=2, rate=0.1, decay=coefficient)
    Loop(job).run()
    for have, want in zip(job.network.model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-6)


def test_adams_first_step_moves_every_weight_by_its_rate(job_for):
    """From rest, Adam's step is rate times the gradient's sign: m/√v = g/|g| (Kingma and Ba, 2015)."""
    job = job_for(epochs=1, optimizer="adam", rate=0.01)
    before = job.network.model.get_weights()
    (batch, *_) = job.batches.epoch(seed=0, epoch=0)
    Loop(job).step(batch)
    kernel, _ = _gradients(before, batch)
    moved = job.network.model.get_weights()[0] - before[0]
    np.testing.assert_allclose(moved, -0.01 * np.sign(kernel), rtol=1e-2)


def _gradients(weights, batch):
    """The gradients of one batch."""
    inputs, targets = (part.numpy() for part in batch)
    error = 1 / (1 + np.exp(-(inputs @ weights[0] + weights[1]))) - targets
    return inputs.T @ error / 8, error.sum(axis=0) / 8


def test_the_backbones_rate_is_the_stages_times_its_factor(job_for):
    """One step from rest moves each weight by minus rate times gradient, the same for all factors."""
    moves = []
    for factor in (1.0, 0.02):
        job = job_for(epochs=1, folder=str(factor))
        settings = job.settings.model_copy(update={"backbone_rate": factor})
        network = Network(job.network.model, {"backbone": job.network.branches["classifier"]})
        job = dataclasses.replace(job, settings=settings, network=network)
        before = job.network.model.get_weights()[0]
        (batch, *_) = job.batches.epoch(seed=0, epoch=0)
        Loop(job).step(batch)
        moves.append(job.network.model.get_weights()[0] - before)
    np.testing.assert_allclose(moves[1], 0.02 * moves[0], rtol=1e-3, atol=1e-7)
    assert np.abs(moves[0]).max() > 1e-3


def test_the_weights_kept_are_those_of_the_best_epoch(job_for):
    job = job_for(epochs=3, scores=(1.0, 3.0, 2.0))
    kernel, bias = _momentum_by_hand(job, epochs=2, rate=0.1)
    assert Loop(job).run() == {"best_epoch": 2, "best_score": 3.0}
    best = job_for(folder="other").network.branches["classifier"]
    best.load_weights(job.folder / "weights" / "classifier.weights.h5")
    np.testing.assert_allclose(best.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(best.get_weights()[1], bias, rtol=1e-4, atol=1e-6)


KNOBS = {
    "schedule": "cosine",
    "warmup_epochs": 0.5,
    "clip_norm": 0.2,
    "l2_coefficient": 0.01,
    "patience": 1,
}


def test_rate_clipping_and_l2_are_as_the_stage_says(job_for):
    """By hand: cosine after a warm-up of 3 steps of 6, the gradient's norm at most 0.2, L2 of 0.01."""
    job = job_for(settings=KNOBS, weight_decay="l2", scores=(1.0, 2.0))
    weights = kernel, bias = job.network.model.get_weights()
    speeds, step = [np.zeros_like(kernel), np.zeros_like(bias)], 0
    for epoch in range(2):
        for batch in job.batches.epoch(seed=0, epoch=epoch):
            gradients = list(_gradients((kernel, bias), batch))
            gradients[0] = gradients[0] + 0.01 * kernel
            norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
            assert norm > 0.2  # so clipping matters
            rate = 0.1 * (
                (step + 1) / 1.5 if step + 1 < 1.5 else 0.5 * (1 + np.cos(np.pi * max(step - 1.5, 0) / 4.5))
            )
            speeds = [
                0.9 * speed - rate * 0.2 / norm * gradient
                for speed, gradient in zip(speeds, gradients, strict=True)
            ]
            kernel, bias = kernel + speeds[0], bias + speeds[1]
            step += 1
    Loop(job).run()
    for have, want, start in zip(job.network.model.get_weights(), (kernel, bias), weights, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-6)
        assert np.abs(want - start).max() > 0.01


def test_a_stage_ends_when_the_score_no_longer_rises(job_for, capsys):
    job = job_for(epochs=6, settings={"patience": 2}, scores=(1.0, 3.0, 2.0, 3.0, 9.0))
    assert Loop(job).run() == {"best_epoch": 2, "best_score": 3.0}
    assert [epoch for epoch, _, _ in _logged(job)] == [1, 2, 3, 4]
    again = job_for(epochs=6, settings={"patience": 2}, scores=())
    assert Loop(again).run() == {"best_epoch": 2, "best_score": 3.0}
    assert "classifier: stopped after 4 of 6 epochs; epoch 2 is the best" in capsys.readouterr().err


def test_a_stage_that_trained_all_its_epochs_did_not_stop_early(job_for, capsys):
    Loop(job_for(epochs=4, settings={"patience": 2}, scores=(1.0, 3.0, 2.0, 3.0))).run()
    assert "stopped" not in capsys.readouterr().err


def test_the_log_has_a_line_an_epoch_with_the_mean_loss(job_for):
    import json

    job = job_for(rate=1e-12)
    kernel, bias = job.network.model.get_weights()
    logits = job.batches.inputs @ kernel + bias
    losses = (np.logaddexp(0, logits) - job.batches.targets * logits).sum(axis=1)
    Loop(job).run()
    lines = [json.loads(line) for line in (job.folder / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[0]["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert list(job.folder.glob("tensorboard/events*"))


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_decay": "l2", "average_decay": 0.9, "settings": KNOBS},
        {
            "settings": {"schedule": "steps", "decay_epochs": (1,), "patience": 1},
            "epochs": 3,
            "falling": True,
        },
        *exhaustive([{"weight_decay": "ema"}, {"weight_decay": "ema_num_updates"}, {"weight_decay": "l2"}]),
    ],
    ids=str,
)
def test_a_stage_stopped_anywhere_goes_on_to_the_same_bits(job_for, changes, killed_after):
    """The weights at the end, and those that are kept, which are the averages where there are some."""
    changes = dict(changes)
    all_scores = (2.0, 1.0) if changes.pop("falling", False) else (1.0, 2.0)
    whole = job_for(folder="whole", **changes, scores=all_scores)
    Loop(whole).run()
    for steps in range(1, 6):
        scores = iter(all_scores)
        saving = {**changes, "checkpoint_seconds": 0.0, "scores": scores}
        with killed_after(steps) as after_step:
            job = job_for(folder=f"stopped after {steps}", **saving)
            Loop(dataclasses.replace(job, after_step=after_step)).run()
        resumed = job_for(folder=f"stopped after {steps}", **saving)
        Loop(resumed).run()
        for have, want in zip(
            resumed.network.model.get_weights(), whole.network.model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(have, want)
        for have, want in zip(_kept(job_for, resumed), _kept(job_for, whole), strict=True):
            np.testing.assert_array_equal(have, want)
        assert _logged(resumed) == _logged(whole)


def test_the_weights_kept_are_the_averages(job_for):
    """So the test above compares them: they differ from the weights at the end."""
    job = job_for(average_decay=0.9)
    Loop(job).run()
    assert not np.array_equal(_kept(job_for, job)[0], job.network.model.get_weights()[0])


def _kept(job_for, job):
    kept = job_for(folder="other").network.branches["classifier"]
    kept.load_weights(job.folder / "weights" / "classifier.weights.h5")
    return kept.get_weights()


def _logged(job):
    import json

    lines = [json.loads(line) for line in (job.folder / "log.jsonl").read_text().splitlines()]
    return [(line["epoch"], line["loss"], line["image_f1"]) for line in lines]


def test_a_loss_that_is_not_finite_stops_the_stage_and_names_the_key(job_for):
    with pytest.raises(UserError, match=r"stages\.classifier\.learning_rate"):
        Loop(job_for(inputs=np.full((20, 4), np.nan, np.float32))).run()


def test_where_no_checkpoint_is_whole_they_are_named(job_for):
    job = job_for(folder="broken", checkpoint_seconds=0.0)
    Loop(job).run()
    for data in (job.folder / "checkpoint").glob("*.data-*"):
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(UserError, match=r"must be intact.*ckpt-8\.data.*ckpt-7\.data"):
        Loop(job_for(folder="broken")).run()


def test_a_checkpoint_that_cannot_be_written_is_one_clear_line(job_for, monkeypatch):
    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device\nmore")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(
        UserError, match=r"No space left on device more\. The checkpoint before it is kept"
    ) as error:
        Loop(job_for()).run()
    assert "\n" not in str(error.value)
