import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.training.loop import stage_log
from mmannot_tf.training.loop.checkpoint import all_finite
from mmannot_tf.training.loop.checkpoint_digest import sealed_checkpoints
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.nonfinite_guard import Losses, NonfiniteStep
from tfrecords_tools.shell.errors import UserError


def test_the_first_bad_loss_is_found_among_those_not_yet_read():
    losses = Losses()
    assert losses.first_nonfinite() is None
    for step, loss in enumerate((1.0, 2.0), start=1):
        losses.add(step, tf.constant(loss))
    assert losses.first_nonfinite() is None
    for step, loss in ((3, 1.0), (4, np.inf), (5, np.nan)):
        losses.add(step, tf.constant(loss))
    assert losses.first_nonfinite() == NonfiniteStep("loss", np.inf, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_value_in_one_variable_is_enough(bad):
    whole = [tf.Variable([1.0, 2.0]), tf.Variable([3], dtype=tf.int64)]
    assert all_finite(whole)
    assert all_finite([])
    assert not all_finite([*whole, tf.Variable([0.0, bad])])


def _inputs(bad=None):
    inputs = np.random.default_rng(3).normal(size=(20, 4)).astype(np.float32)
    if bad is not None:
        inputs[bad] = np.nan
    return inputs


class _Turning:
    """Batches that have a bad image from the second epoch on."""

    def __init__(self, whole, bad):
        self._whole, self._turned = whole, dataclasses.replace(whole, inputs=_inputs(bad))

    def epoch(self, *, epoch, **rest):
        return (self._turned if epoch else self._whole).epoch(epoch=epoch, **rest)

    def ids(self, **place):
        return self._whole.ids(**place)


@pytest.mark.parametrize("step", [1, 3])
def test_a_bad_batch_stops_the_stage_with_its_ids_and_the_checkpoint_is_from_before(stage_job, step):
    whole = stage_job("whole").batches
    ids = whole.ids(seed=0, epoch=1, step=step - 1)
    job = stage_job(batches=_Turning(whole, int(ids[0].removeprefix("image"))))
    pattern = rf"loss of stage classifier .*nan in epoch 2, step {step}, on {len(ids)} images: {ids[0]}"
    with pytest.raises(UserError, match=pattern) as told:
        Loop(job).run()
    assert "Lower stages.classifier.learning_rate (0.1)" in str(told.value)
    record = json.loads((job.folder / "not_finite.json").read_text())
    assert (record["epoch"], record["step"], record["ids"]) == (2, step, list(ids))
    _holds_state_after(job, stage_job, epochs=1, steps=step - 1)


def _holds_state_after(job, stage_job, *, epochs, steps):
    (last, *_) = sealed_checkpoints(job.folder / "checkpoint")
    assert last.fault() is None
    before = Loop(stage_job(job.folder.name))
    assert before.checkpoint.restore()
    assert (int(before.progress.epoch), int(before.progress.step)) == (epochs, steps)
    assert before.checkpoint.is_finite()
    assert np.isfinite(float(before.progress.loss))


def test_weights_that_are_not_finite_are_never_saved(stage_job):
    """A finite loss whose gradient overflows: the next loss would show it, but no checkpoint may have it."""

    def overflow(loop):
        if int(loop.progress.step) == 2:
            loop.trained[0].assign(np.full(loop.trained[0].shape, np.inf))

    job = stage_job(after_step=overflow)
    with pytest.raises(
        UserError, match=r"weights of stage classifier must stay finite\. .*epoch 1, step 2, on 8"
    ):
        Loop(job).run()
    _holds_state_after(job, stage_job, epochs=0, steps=1)


def test_no_step_waits_for_its_loss(stage_job, monkeypatch):
    """Between two checks no loss is read: the end of the epoch finds the bad batch, after all its steps."""

    monkeypatch.setattr(stage_log, "REFRESH_SECONDS", 1e6)
    training, taken = TrainingSettings(batch_size=8, checkpoint_seconds=1e6), []
    job = stage_job(training=training, after_step=lambda loop: taken.append(int(loop.progress.step)))
    (first, *_) = job.batches.ids(seed=0, epoch=0, step=0)
    bad = dataclasses.replace(job.batches, inputs=_inputs(int(first.removeprefix("image"))))
    with pytest.raises(UserError, match=r"loss of stage classifier .*nan in epoch 1, step 1, "):
        Loop(dataclasses.replace(job, batches=bad)).run()
    assert taken == [1, 2, 3]
