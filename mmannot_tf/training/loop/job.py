"""All that training one stage needs, as values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.data.replicas import ReplicaRange
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.loop.checkpoint import TrainingProgress
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.loop.stage_log import StageLog
from mmannot_tf.training.network import Network

Validate = Callable[[], tuple[Mapping[str, float], float]]
"""() → measures by name on the validation split, and the score that is highest for the best epoch."""


class Batches(Protocol):
    """Training batches as a pure function of (seed, epoch, step)."""

    def epoch(
        self, *, seed: int, epoch: int, skip: int = 0, replicas: ReplicaRange | None = None
    ) -> tf.data.Dataset:
        """The batches (inputs, targets) of an epoch after the first `skip`; with `replicas`, their rows."""

    def partial_pipelines(
        self, *, seed: int, epoch: int, replicas: ReplicaRange | None = None
    ) -> Mapping[str, tf.data.Dataset]:
        """The pipeline of an epoch, cut after each of its steps to measure them: step → single examples."""

    def ids(self, *, seed: int, epoch: int, step: int) -> Sequence[str]:
        """The ids of the examples of one batch of all replicas together; `step` counts from 0."""


@dataclass(frozen=True)
class Recipe:
    """How a stage is trained: what differs between our stages and the compared systems.

    Attributes:
        batches: of the training split.
        build: returns the network at its initial weights; call it in the strategy's scope, after seeding.
        loss: (targets, outputs) → loss of each example [B].
        validation: network → a function that measures it with its current weights.
    """

    batches: Batches
    build: Callable[[], Network]
    loss: Callable[[Any, Any], tf.Tensor]
    validation: Callable[[Network], Validate]


@dataclass(frozen=True)
class Job:
    """All that training a stage needs.

    Attributes:
        network: built inside the strategy's scope, trainable as the stage says, at its initial weights.
        loss: (targets, outputs) → loss of each example [B].
        batches: of the training split.
        examples: of the training split, N.
        settings: the stage's numbers.
        section: the section of the configuration with these settings.
        training: the settings of all stages.
        validate: measures the network with its current weights.
        folder: of the stage.
        log: receives the progress.
        distribution: the replicas that compute each batch together, and the process that writes files.
        signals: may stop the training.
        after_step: called after each step, before a checkpoint is written.
        last_epoch: the stage ends after it, whatever `settings.epochs` says, and keeps its weights; None to
            train all epochs and keep the best.
    """

    network: Network
    loss: Callable[[Any, Any], tf.Tensor]
    batches: Batches
    examples: int
    settings: StageSettings
    section: str
    training: TrainingSettings
    validate: Validate
    folder: Path
    log: StageLog
    distribution: Distribution = field(default_factory=one_device)
    signals: Signals = field(default_factory=Signals)
    after_step: "AfterStep | None" = None
    last_epoch: int | None = None

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return -(-self.examples // self.batch_size)

    @property
    def l2_coefficient(self) -> float:
        """λ of the penalty λ‖w‖²/2, where the configuration's weight decay is "l2"."""
        own = self.settings.l2_coefficient
        return self.training.l2_coefficient if own is None else own

    @property
    def batch_size(self) -> int:
        """Examples per step, over all replicas."""
        return self.settings.batch_size or self.training.batch_size


class RunningStage(Protocol):
    """What a hook after a step receives; `mmannot_tf.training.loop.loop.Loop` is one.

    Attributes:
        job: the stage's job.
        progress: epochs, steps and losses, including the last step.
    """

    job: Job
    progress: TrainingProgress


AfterStep = Callable[[RunningStage], None]
"""A hook that the loop calls with itself after each training step."""
