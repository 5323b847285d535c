"""The training loop, for every stage and every tf.distribute strategy."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.data.replicas import ReplicaRange
from mmannot_tf.runs.stage_record import Outcome
from mmannot_tf.training.loop import batch_norm_reestimation
from mmannot_tf.training.loop.checkpoint import StageCheckpoint, TrainingProgress
from mmannot_tf.training.loop.job import Job
from mmannot_tf.training.loop.nonfinite_guard import FiniteGuard
from mmannot_tf.training.loop.optimization import build_optimizer
from mmannot_tf.training.loop.step import Step
from mmannot_tf.training.loop.weight_average import weight_average
from mmannot_tf.training.loop.weight_decay import WeightDecay
from mmannot_tf.training.network import Network
from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.counted import counted


class Loop:
    """Trains one stage to its last epoch, from its checkpoint if there is one."""

    def __init__(self, job: Job):
        """Makes the optimizer and all else that the steps need."""
        self.job = job
        self.strategy = job.distribution.strategy
        self.trained = job.network.model.trainable_variables
        with self.strategy.scope():
            self.optimizer = build_optimizer(job.settings, job.training, job.steps)
            self.optimizer.build(self.trained)
            self.average = weight_average(job.training, self.trained)
        self.progress = TrainingProgress()
        self.checkpoint = StageCheckpoint(
            job.folder / "checkpoint",
            model=job.network.model,
            optimizer=self.optimizer,
            average=self.average,
            progress=self.progress,
        )
        self.step = Step(
            self.strategy,
            job.network.model,
            loss=job.loss,
            batch_size=job.batch_size,
            optimizer=self.optimizer,
            decay=WeightDecay(job.training.weight_decay, self.trained, job.l2_coefficient),
            average=self.average,
            factors=self._rate_factors(),
            clip_norm=job.settings.clip_norm,
            jit_compile=job.training.jit_compile,
        )
        self._reestimate = batch_norm_reestimation.Reestimation(job.network.model, self.strategy)
        self.guard = FiniteGuard(job, self.progress, self.checkpoint)
        self._saved = time.monotonic()

    def run(self) -> Outcome:
        """Trains; returns the best epoch and its score. The best weights are in `folder`/weights."""
        if self.checkpoint.restore():
            self.job.log.resumed(int(self.progress.epoch), int(self.progress.step))
        with self.job.signals.deferred(self._save_for_exit):
            while not self._is_done():
                self._epoch()
        outcome: Outcome = {"best_epoch": int(self.progress.best_epoch)}
        if self.job.last_epoch is None:
            outcome["best_score"] = float(self.progress.best_score)
        return outcome

    def _is_done(self) -> bool:
        """Whether all epochs are trained, or the score has not risen for as many as `patience`."""
        epoch, best, patience = (
            int(self.progress.epoch),
            int(self.progress.best_epoch),
            self.job.settings.patience,
        )
        if epoch >= (self.job.last_epoch or self.job.settings.epochs):
            return True
        if patience is None or epoch - best < patience:
            return False
        self.job.log.stopped(epoch, best)
        return True

    def _epoch(self) -> None:
        epoch, begun, first = int(self.progress.epoch), time.monotonic(), int(self.progress.step)
        self.train_on(self.batches(epoch, self.job.steps - first, skip=first))
        seconds = time.monotonic() - begun
        self.guard.check_state()
        loss = float(self.progress.loss) / self.job.examples
        measures = self._validate(epoch)
        self.job.log.epoch(
            epoch + 1,
            {"loss": loss, **measures},
            images_per_second=max(self.job.examples - first * self.job.batch_size, 0) / seconds,
        )
        self.progress.epoch.assign_add(1)
        self.progress.step.assign(0)
        self.progress.loss.assign(0.0)
        self._save()

    def train_on(self, batches: Iterable[Any]) -> None:
        """Takes a step on each batch; counts, logs and saves as in training."""
        for batch in batches:
            self._after_step(self.step(batch))

    def _after_step(self, loss: tf.Tensor) -> None:
        self.progress.step.assign_add(1)
        self.progress.loss.assign_add(tf.cast(loss, tf.float64))
        self.guard.add(loss)
        if self.job.after_step:
            self.job.after_step(self)
        if self.job.log.step(int(self.progress.step)):
            self.guard.check_losses()
        if time.monotonic() - self._saved >= self.job.training.checkpoint_seconds:
            self._save()
        self.job.signals.check()

    def _save_for_exit(self) -> str:
        self.job.distribution.on_chief(self._save)  # all wait: the end of one process can end others
        epoch, step = int(self.progress.epoch), int(self.progress.step)
        done = f"{counted(epoch, 'epoch')} and {counted(step, 'step')}"
        return f"{self.job.network.model.name} is saved after {done}"

    def _save(self) -> None:
        self.guard.check_state()
        if self.job.distribution.is_chief:
            self.checkpoint.save()
        self._saved = time.monotonic()

    def _validate(self, epoch: int) -> Mapping[str, float]:
        """Measures the epoch with re-estimated statistics and saves its weights if it is the best so far."""
        layers = self._reestimate.layers
        with batch_norm_reestimation.restored(layers, self.strategy), self.average.evaluated():
            with self.job.signals.interruptible():
                if layers and self.job.training.reestimate_batches:
                    steps = min(self.job.training.reestimate_batches, self.job.steps)
                    self._reestimate(self.batches(epoch, steps))
                measures, score = self.job.validate()
            if score > float(self.progress.best_score) or self.job.last_epoch is not None:
                if self.job.distribution.is_chief:
                    save_branches(self.job.network, self.job.folder / "weights")
                self.progress.best_score.assign(score)
                self.progress.best_epoch.assign(epoch + 1)
        return measures

    def batches(self, epoch: int, steps: int, skip: int = 0) -> Any:
        """`steps` batches of an epoch after the first `skip`, distributed to the replicas."""

        def read(replicas: ReplicaRange | None) -> tf.data.Dataset:
            return self.job.batches.epoch(
                seed=self.job.training.seed, epoch=epoch, skip=skip, replicas=replicas
            )

        batches = self.job.distribution.distribute(read, steps)
        self.step.prepare(batches.element_spec)
        return batches

    def _rate_factors(self) -> list[float]:
        """The factor on each trained variable's learning rate, which is the same as one on its gradient."""
        backbone = self.job.network.branches.get("backbone")
        in_backbone = {id(variable) for variable in backbone.trainable_variables} if backbone else set()
        rate = self.job.settings.backbone_rate
        return [rate if id(variable) in in_backbone else 1.0 for variable in self.trained]


def save_branches(network: Network, folder: Path) -> None:
    """Writes each trained branch to `folder`/BRANCH.weights.h5: all files or none."""
    with atomic_folder(folder) as staging:
        staging.mkdir()
        for name, branch in network.branches.items():
            if branch.trainable and branch.weights:
                branch.save_weights(staging / f"{name}.weights.h5")
