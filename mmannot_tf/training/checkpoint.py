"""Where a stage is, saved so that a resumed stage goes on bit for bit."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.training.weight_decay import WeightDecay
from tfrecords_tools.errors import UserError


class Progress:
    """Epoch, step and the best epoch so far, as variables that a checkpoint holds.

    Attributes:
        epoch: epochs finished.
        step: steps taken in the epoch under way.
        loss: sum of the per-example losses in the epoch under way.
        best_score: the highest validation score of a finished epoch.
        best_epoch: which one it was, counted from 1; 0 before the first.
    """

    def __init__(self):
        """At the very start."""
        self.epoch = tf.Variable(0, dtype=tf.int64)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.loss = tf.Variable(0.0, dtype=tf.float64)
        self.best_score = tf.Variable(float("-inf"), dtype=tf.float64)
        self.best_epoch = tf.Variable(0, dtype=tf.int64)

    def variables(self) -> list[tf.Variable]:
        """All five."""
        return [self.epoch, self.step, self.loss, self.best_score, self.best_epoch]


class StageCheckpoint:
    """Saves and restores everything a stage's training depends on.

    Keras keeps dropout's seed state out of tf.train.Checkpoint(model=…); so variables are listed one by one:
    the network's (batch-norm statistics and seeds included), the optimizer's, averages, progress.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        decay: WeightDecay,
        progress: Progress,
    ):
        """Prepares to save below `folder`; nothing is written yet."""
        network = [variable.value for variable in (*model.variables, *optimizer.variables)]
        held: list[Any] = [*network, *decay.averages, *progress.variables()]
        self._checkpoint = tf.train.Checkpoint(variables=held)
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=2)

    def save(self) -> None:
        """Writes a checkpoint; the one before it is kept.

        Raises:
            UserError: it could not be written (disk full, no permission).
        """
        try:
            self._manager.save()
        except (tf.errors.OpError, OSError) as error:
            cause = str(getattr(error, "message", error)).splitlines()[0]
            raise UserError(
                f"The checkpoint must be writable. Received: {self._manager.directory}: {cause}"
            ) from None

    def restore(self) -> bool:
        """Goes back to the last checkpoint; False where there is none.

        Raises:
            UserError: the checkpoint is broken or of another network.
        """
        latest = self._manager.latest_checkpoint
        if latest is None:
            return False
        try:
            self._checkpoint.restore(latest).assert_consumed()
        except (tf.errors.OpError, IndexError, ValueError, AssertionError) as error:
            cause = str(getattr(error, "message", error)).splitlines()[0]
            raise UserError(
                f"The checkpoint must be whole. Received: {latest}: {cause}. "
                "Delete its folder to begin the stage again."
            ) from None
        return True
