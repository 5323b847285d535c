"""The one loop: every stage, every tf.distribute strategy."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.data.sharing import Share
from mmannot_tf.training import batch_norm_reestimation
from mmannot_tf.training.checkpoint import Progress, StageCheckpoint
from mmannot_tf.training.job import Job
from mmannot_tf.training.network import Network
from mmannot_tf.training.nonfinite_guard import FiniteGuard
from mmannot_tf.training.optimization import build_optimizer, weight_decay
from mmannot_tf.training.step import Step
from tfrecords_tools.shell.files import aside


class Loop:
    """Trains one stage to its last epoch, from wherever its checkpoint is."""

    def __init__(self, job: Job):
        """Makes the optimizer and picks the checkpoint up, if there is one."""
        self.job = job
        self.strategy = job.distribution.strategy
        self.trained = job.network.model.trainable_variables
        with self.strategy.scope():
            self.optimizer = build_optimizer(job.settings, job.training)
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
        self.step = Step(
            self.strategy,
            job.network.model,
            loss=job.loss,
            batch_size=job.batch_size,
            optimizer=self.optimizer,
            decay=self.decay,
            factors=self._rate_factors(),
            jit_compile=job.training.jit_compile,
        )
        self._reestimate = batch_norm_reestimation.Reestimation(job.network.model, self.strategy)
        self.guard = FiniteGuard(job, self.progress, self.checkpoint)
        self._saved = time.monotonic()

    def run(self) -> dict[str, Any]:
        """Trains; returns the best epoch and its score. The best weights lie in `folder`/weights."""
        if self.checkpoint.restore():
            self.job.log.resumed(int(self.progress.epoch), int(self.progress.step))
        with self.job.signals.saving(self._kept):
            while int(self.progress.epoch) < self.job.settings.epochs:
                self._epoch()
        return {"best_epoch": int(self.progress.best_epoch), "best_score": float(self.progress.best_score)}

    def _epoch(self) -> None:
        epoch, begun, first = int(self.progress.epoch), time.monotonic(), int(self.progress.step)
        self.take(self.batches(epoch, self.job.steps - first, skip=first))
        seconds = time.monotonic() - begun
        self.guard.check_state()
        loss = float(self.progress.loss) / self.job.examples
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

    def take(self, batches: Iterable[Any]) -> None:
        """Takes a step on each of the batches; counts, logs and saves as training does."""
        for batch in batches:
            self._advance(self.step(batch))

    def _advance(self, loss: tf.Tensor) -> None:
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

    def _kept(self) -> str:
        self.job.distribution.by_chief(self._save)  # all wait: a process that ends can take others with it
        epoch, step = int(self.progress.epoch), int(self.progress.step)
        return f"{self.job.network.model.name} is saved after {epoch} epochs and {step} steps"

    def _save(self) -> None:
        self.guard.check_state()
        if self.job.distribution.is_chief:
            self.checkpoint.save()
        self._saved = time.monotonic()

    def _validated(self, epoch: int) -> Mapping[str, float]:
        """Judges the epoch on re-estimated statistics and keeps its weights if it is the best so far."""
        moving = self._reestimate.layers
        with batch_norm_reestimation.put_back(moving, self.strategy), self.decay.evaluated():
            with self.job.signals.released():
                if moving and self.job.training.reestimate_batches:
                    steps = min(self.job.training.reestimate_batches, self.job.steps)
                    self._reestimate(self.batches(epoch, steps))
                measures, score = self.job.validate()
            if score > float(self.progress.best_score):
                if self.job.distribution.is_chief:
                    save_branches(self.job.network, self.job.folder / "weights")
                self.progress.best_score.assign(score)
                self.progress.best_epoch.assign(epoch + 1)
        return measures

    def batches(self, epoch: int, steps: int, skip: int = 0) -> Any:
        """`steps` batches of an epoch after the first `skip`, as all replicas take them."""

        def read(share: Share | None) -> tf.data.Dataset:
            return self.job.batches.epoch(seed=self.job.training.seed, epoch=epoch, skip=skip, share=share)

        found = self.job.distribution.steps(read, steps)
        self.step.prepare(found.element_spec)
        return found

    def _rate_factors(self) -> list[float]:
        """The factor on the learning rate of each trained variable; scaling its gradient is the same."""
        backbone = self.job.network.branches.get("backbone")
        slowed = {id(variable) for variable in backbone.trainable_variables} if backbone else set()
        return [self.job.settings.backbone_rate if id(one) in slowed else 1.0 for one in self.trained]


def save_branches(network: Network, folder: Path) -> None:
    """Writes each trained branch to `folder`/BRANCH.weights.h5, all or none."""
    with aside(folder) as staging:
        staging.mkdir()
        for name, branch in network.branches.items():
            if branch.trainable and branch.weights:
                branch.save_weights(staging / f"{name}.weights.h5")
