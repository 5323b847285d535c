"""Where a stage is, saved so that a resumed stage goes on bit for bit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.training import checkpoint_digest
from mmannot_tf.training.optimization import WeightDecay
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError


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
        self.loss = tf.Variable(0.0, dtype=tf.float64)
        with tf.device("CPU"):  # read every step, which of a GPU would wait for the step
            self.epoch = tf.Variable(0, dtype=tf.int64)
            self.step = tf.Variable(0, dtype=tf.int64)
            self.best_score = tf.Variable(float("-inf"), dtype=tf.float64)
            self.best_epoch = tf.Variable(0, dtype=tf.int64)

    def variables(self) -> list[tf.Variable]:
        """All five."""
        return [self.epoch, self.step, self.loss, self.best_score, self.best_epoch]


class StageCheckpoint:
    """Saves and restores everything a stage's training depends on.

    Keras keeps dropout's seed state out of tf.train.Checkpoint(model=…); so variables are listed one by one:
    the network's (batch-norm statistics and seeds included), the optimizer's, averages, progress.
    TensorFlow writes aside and renames; then the checkpoint is sealed, and only then the oldest is removed.
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
        self._state: list[Any] = [*network, *decay.averages]
        self._checkpoint = tf.train.Checkpoint(variables=[*self._state, *progress.variables()])
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(folder), max_to_keep=checkpoint_digest.KEPT
        )
        self._folder = folder

    def is_finite(self) -> bool:
        """Whether all weights, statistics and moments are finite: what may be saved."""
        return all_finite(self._state)

    def save(self) -> None:
        """Writes a checkpoint; the one before it is kept.

        Raises:
            UserError: it could not be written (disk full, no permission).
        """
        sealing = tf.train.CheckpointOptions(experimental_write_callbacks=[checkpoint_digest.seal])
        try:
            checkpoint_digest.make_way(self._folder / f"ckpt-{int(self._checkpoint.save_counter) + 1}")
            self._manager.save(options=sealing)
        except (tf.errors.OpError, OSError) as error:
            cause = str(getattr(error, "message", error)).splitlines()[0]
            raise UserError(
                f"The checkpoint must be writable. Received: {self._folder}: {cause}. "
                "The checkpoint before it is kept: make room, and the same command goes on."
            ) from None
        finally:
            checkpoint_digest.tidy(self._folder)

    def restore(self) -> bool:
        """Goes back to the last whole checkpoint and says which were passed over; False where there is none.

        Raises:
            UserError: all checkpoints are broken, or of another network.
        """
        latest = self._whole()
        if latest is None:
            return False
        try:
            self._checkpoint.restore(str(latest)).assert_consumed()
        except (tf.errors.OpError, IndexError, ValueError, AssertionError) as error:
            cause = str(getattr(error, "message", error)).splitlines()[0]
            raise UserError(
                f"The checkpoint must be whole. Received: {latest}: {cause}. "
                "Delete its folder to begin the stage again."
            ) from None
        return True

    def _whole(self) -> Path | None:
        for name in checkpoint_digest.unfinished(self._folder):
            notice(f"checkpoint {self._folder / name} was not written to its end; it is not used")
        faults = []
        for checkpoint in checkpoint_digest.sealed(self._folder):
            fault = checkpoint.fault()
            if fault is None:
                return checkpoint.prefix
            notice(f"checkpoint {checkpoint.prefix} is broken: {fault}; trying the one before it")
            faults.append(fault)
        if faults:
            raise UserError(
                f"The checkpoint must be whole, or the one before it. Received: {self._folder}: "
                f"{'; '.join(faults)}. Delete the folder to begin the stage again."
            )
        return None


def all_finite(variables: Sequence[tf.Variable]) -> bool:
    """Whether every floating-point value of every variable is finite; read from the device once."""
    floating = [one for one in variables if one.dtype.is_floating]
    flags = [tf.reduce_all(tf.math.is_finite(one)) for one in floating]
    return not flags or bool(tf.reduce_all(tf.stack(flags)))
