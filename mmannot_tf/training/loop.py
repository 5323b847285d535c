"""The one loop: every stage, every tf.distribute strategy."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training import recalibrate
from mmannot_tf.training.checkpoint import Progress, StageCheckpoint
from mmannot_tf.training.network import Network
from mmannot_tf.training.progress import StageLog
from mmannot_tf.training.weight_decay import weight_decay
from tfrecords_tools.errors import UserError
from tfrecords_tools.files import aside


class Batches(Protocol):
    """Training batches as a pure function of (seed, epoch, step)."""

    def epoch(self, *, seed: int, epoch: int, skip: int = 0) -> tf.data.Dataset:
        """The batches (inputs, targets) of an epoch after the first `skip`."""


@dataclass(frozen=True)
class Job:
    """All that training a stage needs.

    Attributes:
        network: built inside the strategy's scope, trainable as the stage says, at its initial weights.
        loss: (targets, outputs) → loss of each example [B].
        batches: of the training split.
        examples: of the training split, N.
        settings: the stage's epochs, rate and batch size.
        section: of the configuration that they stand in.
        training: what all stages share.
        validate: measures of the network as it stands on the validation split, and the score to pick by.
        folder: the stage's.
        log: where progress goes.
    """

    network: Network
    loss: Callable[[Any, Any], tf.Tensor]
    batches: Batches
    examples: int
    settings: StageSettings
    section: str
    training: TrainingSettings
    validate: Callable[[], tuple[Mapping[str, float], float]]
    folder: Path
    log: StageLog

    @property
    def batch_size(self) -> int:
        """Examples a step over all replicas."""
        return self.settings.batch_size or self.training.batch_size


class Loop:
    """Trains one stage to its last epoch, from wherever its checkpoint is."""

    def __init__(self, job: Job):
        """Makes the optimizer and picks the checkpoint up, if there is one."""
        self.job = job
        self.strategy = tf.distribute.get_strategy()
        self.trained = job.network.model.trainable_variables
        with self.strategy.scope():
            self.optimizer = _optimizer(job.settings, job.training)
            self.optimizer.build(self.trained)
            self.decay = weight_decay(job.training.weight_decay, self.trained)
            self.progress = Progress()
        self.checkpoint = StageCheckpoint(
            job.folder / "checkpoint",
            model=job.network.model,
            optimizer=self.optimizer,
            decay=self.decay,
            progress=self.progress,
        )
        self.step = self._step_function()
        self._saved = time.monotonic()

    def run(self) -> dict[str, Any]:
        """Trains; returns the best epoch and its score. The best weights lie in `folder`/weights."""
        if self.checkpoint.restore():
            self.job.log.resumed(int(self.progress.epoch), int(self.progress.step))
        while int(self.progress.epoch) < self.job.settings.epochs:
            self._epoch()
        return {"best_epoch": int(self.progress.best_epoch), "best_score": float(self.progress.best_score)}

    def _epoch(self) -> None:
        epoch, begun, first = int(self.progress.epoch), time.monotonic(), int(self.progress.step)
        for batch in self._distributed(self._batches(epoch, skip=first)):
            self._advance(self.step(batch))
        seconds = time.monotonic() - begun
        loss = self._finite_loss() / self.job.examples
        measures = self._validated(epoch)
        self.job.log.epoch(
            epoch + 1,
            {"loss": loss, **measures},
            images_per_second=max(self.job.examples - first * self.job.batch_size, 0) / seconds,
        )
        self.progress.epoch.assign_add(1)
        self.progress.step.assign(0)
        self.progress.loss.assign(0.0)
        self._save()

    def _advance(self, loss: tf.Tensor) -> None:
        self.progress.step.assign_add(1)
        self.progress.loss.assign_add(tf.cast(loss, tf.float64))
        if self.job.log.step(int(self.progress.step)):
            self._finite_loss()
        if time.monotonic() - self._saved >= self.job.training.checkpoint_seconds:
            self._save()

    def _save(self) -> None:
        self.checkpoint.save()
        self._saved = time.monotonic()

    def _finite_loss(self) -> float:
        loss = float(self.progress.loss)
        if not np.isfinite(loss):
            name = self.job.network.model.name
            raise UserError(
                f"The loss of stage {name} must stay finite. Received: {loss} in epoch "
                f"{int(self.progress.epoch) + 1}. Lower {self.job.section}.{name}.learning_rate "
                f"({self.job.settings.learning_rate})."
            )
        return loss

    def _validated(self, epoch: int) -> Mapping[str, float]:
        """Judges the epoch on re-estimated statistics and keeps its weights if it is the best so far."""
        moving = recalibrate.trained_batch_norms(self.job.network.model)
        kept = recalibrate.statistics(moving)
        with self.decay.evaluated():
            if moving and self.job.training.reestimate_batches:
                batches = self._batches(epoch).take(self.job.training.reestimate_batches)
                recalibrate.reestimate(self.job.network.model, batches)
            measures, score = self.job.validate()
            if score > float(self.progress.best_score):
                self.progress.best_score.assign(score)
                self.progress.best_epoch.assign(epoch + 1)
                save_branches(self.job.network, self.job.folder / "weights")
        recalibrate.assign(moving, kept)
        return measures

    def _batches(self, epoch: int, skip: int = 0) -> tf.data.Dataset:
        return self.job.batches.epoch(seed=self.job.training.seed, epoch=epoch, skip=skip)

    def _distributed(self, batches: tf.data.Dataset):
        return self.strategy.experimental_distribute_dataset(batches)

    def _rate_factors(self) -> list[float]:
        """The factor on the learning rate of each trained variable; scaling its gradient is the same."""
        backbone = self.job.network.branches.get("backbone")
        slowed = {id(variable) for variable in backbone.trainable_variables} if backbone else set()
        return [self.job.settings.backbone_rate if id(one) in slowed else 1.0 for one in self.trained]

    def _step_function(self) -> Callable:
        model, optimizer, decay, loss = self.job.network.model, self.optimizer, self.decay, self.job.loss
        batch_size, replicas = self.job.batch_size, self.strategy.num_replicas_in_sync
        factors = self._rate_factors()

        def replica(inputs, targets):
            with tf.GradientTape() as tape:
                losses = loss(targets, model(inputs, training=True))
                objective = tf.reduce_sum(losses) / batch_size + decay.penalty() / replicas
            gradients = tape.gradient(objective, [variable.value for variable in self.trained])
            scaled = [factor * one for factor, one in zip(factors, gradients, strict=True)]
            optimizer.apply(scaled, self.trained)
            decay.after_step()
            return tf.reduce_sum(losses)

        @tf.function
        def step(batch):
            return self.strategy.reduce("SUM", self.strategy.run(replica, args=batch), axis=None)

        return step


def _optimizer(settings: StageSettings, training: TrainingSettings) -> keras.optimizers.Optimizer:
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(settings.learning_rate)
    return keras.optimizers.SGD(settings.learning_rate, momentum=training.momentum)


def save_branches(network: Network, folder: Path) -> None:
    """Writes each trained branch to `folder`/BRANCH.weights.h5, all or none."""
    with aside(folder) as staging:
        staging.mkdir()
        for name, branch in network.branches.items():
            if branch.trainable and branch.weights:
                branch.save_weights(staging / f"{name}.weights.h5")
