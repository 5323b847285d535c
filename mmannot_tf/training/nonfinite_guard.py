"""Losses and weights that must stay finite: noticed within a second, told with the batch that did it."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmannot_tf.training.checkpoint import Progress, StageCheckpoint
from mmannot_tf.training.job import Job
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_json

RECORD = "not_finite.json"
SHOWN = 8
"""How many ids stand in the message; the record has all."""


@dataclass(frozen=True)
class Culprit:
    """A step that gave what is not finite.

    Attributes:
        what: "loss" or "weights".
        value: the loss; NaN for weights.
        step: of its epoch, from 1.
    """

    what: str
    value: float
    step: int


class Losses:
    """The losses of steps not yet looked at, left on their device: reading each would stall it."""

    def __init__(self):
        """No step yet."""
        self._unread: list[tuple[int, tf.Tensor]] = []

    def add(self, step: int, loss: tf.Tensor) -> None:
        """Notes a step of the epoch, counted from 1, and its loss, a scalar."""
        self._unread.append((step, loss))

    def look(self) -> Culprit | None:
        """The first noted step whose loss is not finite; forgets those that are."""
        if not self._unread:
            return None
        steps, losses = zip(*self._unread, strict=True)
        values = tf.stack(losses).numpy()
        self._unread.clear()
        (bad,) = np.nonzero(~np.isfinite(values))
        return Culprit("loss", float(values[bad[0]]), steps[bad[0]]) if bad.size else None


class FiniteGuard:
    """Stops a stage whose losses or weights are not finite, before such a state is saved."""

    def __init__(self, job: Job, progress: Progress, checkpoint: StageCheckpoint):
        """Watches the stage of `job`, which is where `progress` says and would be saved by `checkpoint`."""
        self._job, self._progress, self._checkpoint = job, progress, checkpoint
        self._losses = Losses()

    def add(self, loss: tf.Tensor) -> None:
        """Notes the loss of the step just counted."""
        self._losses.add(int(self._progress.step), loss)

    def check_losses(self) -> None:
        """Reads the losses noted since the last time.

        Raises:
            UserError: one is not finite: names its step, its images and the key to turn.
        """
        culprit = self._losses.look()
        if culprit:
            raise self._error(culprit)

    def check_state(self) -> None:
        """Reads those losses and looks through all that a checkpoint would hold.

        Raises:
            UserError: something is not finite; of weights, the step before is the one named.
        """
        self.check_losses()
        if not self._checkpoint.is_finite():
            raise self._error(Culprit("weights", float("nan"), int(self._progress.step)))

    def _error(self, culprit: Culprit) -> UserError:
        job, epoch = self._job, int(self._progress.epoch)
        name, record = job.network.model.name, job.folder / RECORD
        ids = list(job.batches.ids(seed=job.training.seed, epoch=epoch, step=culprit.step - 1))
        found = {"stage": name, "epoch": epoch + 1, "step": culprit.step, culprit.what: str(culprit.value)}
        write_json(record, {**found, "ids": ids})
        listed = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
        return UserError(
            f"The {culprit.what} of stage {name} must stay finite. Received: {culprit.value} in epoch "
            f"{epoch + 1}, step {culprit.step}, on {len(ids)} images: {listed} ({record}). Lower "
            f"{job.section}.{name}.learning_rate ({job.settings.learning_rate}), or mend the images. "
            "The last checkpoint is from before it."
        )
