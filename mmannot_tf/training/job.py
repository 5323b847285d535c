"""The Job value: all that training one stage needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.data.sharing import Share
from mmannot_tf.training.checkpoint import Progress
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.network import Network
from mmannot_tf.training.preemption import Signals
from mmannot_tf.training.progress import StageLog


class Batches(Protocol):
    """Training batches as a pure function of (seed, epoch, step)."""

    def epoch(self, *, seed: int, epoch: int, skip: int = 0, share: Share | None = None) -> tf.data.Dataset:
        """The batches (inputs, targets) of an epoch after the first `skip`; of a share, its rows of them."""

    def ids(self, *, seed: int, epoch: int, step: int) -> Sequence[str]:
        """The ids of the examples of one batch, over all shares; `step` counted from 0."""


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
        distribution: the replicas that compute each batch together, and who writes files.
        signals: that may ask for the end.
        after_step: called after each step, before a checkpoint is written.
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
    distribution: Distribution = field(default_factory=one_device)
    signals: Signals = field(default_factory=Signals)
    after_step: "AfterStep | None" = None

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return -(-self.examples // self.batch_size)

    @property
    def batch_size(self) -> int:
        """Examples a step over all replicas."""
        return self.settings.batch_size or self.training.batch_size


class RunningStage(Protocol):
    """What a hook after a step sees; `mmannot_tf.training.loop.Loop` is one.

    Attributes:
        job: the stage's job.
        progress: epochs, steps and losses, with the last step counted.
    """

    job: Job
    progress: Progress


AfterStep = Callable[[RunningStage], None]
"""A hook that the loop calls with itself after each training step."""
