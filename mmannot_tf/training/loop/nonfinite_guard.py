"""Stops a training whose loss or weights are not finite, and names the batch that caused it."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmannot_tf.training.loop.checkpoint import StageCheckpoint, TrainingProgress
from mmannot_tf.training.loop.job import Job
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_json
from tfrecords_tools.shell.listing import listed

RECORD = "not_finite.json"
SHOWN = 8
"""How many ids the message lists; the record has all."""


@dataclass(frozen=True)
class NonfiniteStep:
    """A training step whose loss or new weights are not finite.

    Attributes:
        kind: "loss" or "weights".
        value: the loss; NaN for weights.
        step: in its epoch, counted from 1.
    """

    kind: str
    value: float
    step: int


class Losses:
    """Losses that are not yet read. They stay on their device, because reading each would stall it."""

    def __init__(self) -> None:
        """Starts with no step."""
        self._unread: list[tuple[int, tf.Tensor]] = []

    def add(self, step: int, loss: tf.Tensor) -> None:
        """Adds a step of the epoch, counted from 1, and its loss, a scalar."""
        self._unread.append((step, loss))

    def first_nonfinite(self) -> NonfiniteStep | None:
        """The first added step whose loss is not finite, or None; removes the finite ones."""
        if not self._unread:
            return None
        steps, losses = zip(*self._unread, strict=True)
        values = tf.stack(losses).numpy()
        self._unread.clear()
        (indices,) = np.nonzero(~np.isfinite(values))
        if not indices.size:
            return None
        return NonfiniteStep("loss", float(values[indices[0]]), steps[indices[0]])


class FiniteGuard:
    """Stops a stage whose losses or weights are not finite, before they reach a checkpoint."""

    def __init__(self, job: Job, progress: TrainingProgress, checkpoint: StageCheckpoint):
        """Watches the stage of `job`; `progress` has its current step, `checkpoint` its variables."""
        self._job, self._progress, self._checkpoint = job, progress, checkpoint
        self._losses = Losses()

    def add(self, loss: tf.Tensor) -> None:
        """Adds the loss of the current step."""
        self._losses.add(int(self._progress.step), loss)

    def check_losses(self) -> None:
        """Checks the losses added since the last check.

        Raises:
            UserError: one is not finite. It names the step, its images and the setting to change.
        """
        nonfinite = self._losses.first_nonfinite()
        if nonfinite:
            raise self._error(nonfinite)

    def check_state(self) -> None:
        """Checks these losses and all variables of the checkpoint.

        Raises:
            UserError: something is not finite. For weights it names the last step.
        """
        self.check_losses()
        if not self._checkpoint.is_finite():
            raise self._error(NonfiniteStep("weights", float("nan"), int(self._progress.step)))

    def _error(self, nonfinite: NonfiniteStep) -> UserError:
        job, epoch = self._job, int(self._progress.epoch)
        name, record = job.network.model.name, job.folder / RECORD
        ids = list(job.batches.ids(seed=job.training.seed, epoch=epoch, step=nonfinite.step - 1))
        place = {"stage": name, "epoch": epoch + 1, "step": nonfinite.step}
        write_json(record, {**place, nonfinite.kind: str(nonfinite.value), "ids": ids})
        return UserError(
            f"The {nonfinite.kind} of stage {name} must stay finite. Received: {nonfinite.value} in epoch "
            f"{epoch + 1}, step {nonfinite.step}, on {counted(len(ids), 'image')}: {listed(ids, SHOWN)} "
            f"({record}). Lower {job.section}.{name}.learning_rate ({job.settings.learning_rate}), or repair "
            "the images. The last checkpoint is from before this step."
        )
