"""Checkpoints of a stage; resuming from one is bit-exact."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.training.loop import checkpoint_digest
from mmannot_tf.training.loop.weight_average import WeightAverage
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError, one_line


class TrainingProgress:
    """Epoch, step and the best epoch so far, as variables of the checkpoint.

    Attributes:
        epoch: number of finished epochs.
        step: number of steps in the current epoch.
        loss: sum of the per-example losses in the current epoch.
        best_score: the highest validation score of a finished epoch.
        best_epoch: that epoch, counted from 1; 0 before the first.
    """

    def __init__(self) -> None:
        """Starts before the first step."""
        self.loss = tf.Variable(0.0, dtype=tf.float64)
        with tf.device("CPU"):  # read every step; reading from a GPU would wait for the step
            self.epoch = tf.Variable(0, dtype=tf.int64)
            self.step = tf.Variable(0, dtype=tf.int64)
            self.best_score = tf.Variable(float("-inf"), dtype=tf.float64)
            self.best_epoch = tf.Variable(0, dtype=tf.int64)

    def variables(self) -> list[tf.Variable]:
        """All variables, in the order of the checkpoint."""
        return [self.epoch, self.step, self.loss, self.best_score, self.best_epoch]


class StageCheckpoint:
    """Saves and restores everything that a stage's training depends on.

    tf.train.Checkpoint(model=…) leaves out the seed state of Keras' dropout. So the variables are listed one
    by one: the network's (with batch-norm statistics and seeds), the optimizer's, averages, progress.
    TensorFlow writes atomically; then the checkpoint is sealed, and only then the oldest one is removed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        average: WeightAverage,
        progress: TrainingProgress,
    ):
        """Prepares to save below `folder`; nothing is written yet."""
        network = [variable.value for variable in (*model.variables, *optimizer.variables)]
        self._state: list[Any] = [*network, *average.variables]
        self._checkpoint = tf.train.Checkpoint(variables=[*self._state, *progress.variables()])
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(folder), max_to_keep=checkpoint_digest.MAX_TO_KEEP
        )
        self._folder = folder

    def is_finite(self) -> bool:
        """Whether all weights, statistics and moments are finite; only then a checkpoint may be saved."""
        return all_finite(self._state)

    def save(self) -> None:
        """Writes a checkpoint and keeps the one before it.

        Raises:
            UserError: it could not be written (disk full, no permission).
        """
        sealing = tf.train.CheckpointOptions(experimental_write_callbacks=[checkpoint_digest.seal])
        try:
            checkpoint_digest.invalidate(self._folder / f"ckpt-{int(self._checkpoint.save_counter) + 1}")
            self._manager.save(options=sealing)
        except (tf.errors.OpError, OSError) as error:
            raise UserError(
                f"The checkpoint must be writable. Received: {self._folder}: {one_line(error)}. "
                "The checkpoint before it is kept. Free some space and run the same command to resume."
            ) from None
        finally:
            checkpoint_digest.prune(self._folder)

    def restore(self) -> bool:
        """Restores the last intact checkpoint and reports which it skipped; False where there is none.

        Raises:
            UserError: all checkpoints are corrupt, or of another network.
        """
        latest = self._last_intact()
        if latest is None:
            return False
        try:
            self._checkpoint.restore(str(latest)).assert_consumed()
        except (tf.errors.OpError, IndexError, ValueError, AssertionError) as error:
            raise UserError(
                f"The checkpoint must be intact. Received: {latest}: {one_line(error)}. "
                "Delete its folder to start the stage again."
            ) from None
        return True

    def _last_intact(self) -> Path | None:
        for name in checkpoint_digest.unfinished(self._folder):
            notice(f"checkpoint {self._folder / name} was not written to its end and is ignored")
        faults = []
        for checkpoint in checkpoint_digest.sealed_checkpoints(self._folder):
            fault = checkpoint.fault()
            if fault is None:
                return checkpoint.prefix
            notice(f"checkpoint {checkpoint.prefix} is corrupt: {fault}; trying the one before it")
            faults.append(fault)
        if faults:
            raise UserError(
                f"The checkpoint, or the one before it, must be intact. Received: {self._folder}: "
                f"{'; '.join(faults)}. Delete the folder to start the stage again."
            )
        return None


def all_finite(variables: Sequence[tf.Variable]) -> bool:
    """Whether every floating-point value of every variable is finite. Reads from the device once."""
    floating = [variable for variable in variables if variable.dtype.is_floating]
    flags = [tf.reduce_all(tf.math.is_finite(variable)) for variable in floating]
    return not flags or bool(tf.reduce_all(tf.stack(flags)))
