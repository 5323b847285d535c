"""Profiles the training of a stage: throughput of its input, of its step, and of both together.

It runs the code that trains (the stage's recipe, batches and loop) in a temporary run. Only the learning rate
is 0, so that many steps on one batch stay finite.
"""

import collections
import dataclasses
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages, has_frozen_backbone
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.loop.job import Job
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.loop.stage_log import SilentLog
from mmannot_tf.training.profiling.throughput import Throughput, Timing, measure_throughput
from mmannot_tf.training.stage_builder import stage_job
from mmannot_tf.training.train import open_training
from tfrecords_tools.reading.records import data_loss_as_user_error
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.progress import progress_bars

INPUT_BOUND = 0.1
"""A stage that waits for more than this fraction of a step is called input-bound (ours)."""
TRACED_STEPS = 10
"""How many steps TensorFlow's trace covers (ours)."""


@dataclass(frozen=True)
class Profile:
    """The throughput of a stage.

    Attributes:
        stage: its name.
        batch_size: examples per step, over all replicas.
        replicas: the number of replicas.
        timing: of each measurement.
        input: "read", "decode" (both only for stages that read images) and "batches" → the throughput of the
            input pipeline up to there, without training; "batches" are on the device.
        step: the training step alone, on a batch that is already on the device.
        training: both together, as in `mmannot train`.
    """

    stage: str
    batch_size: int
    replicas: int
    timing: Timing
    input: dict[str, Throughput]
    step: Throughput
    training: Throughput

    @property
    def waiting(self) -> float:
        """The fraction of a step that waits for its batch, 0 to 1."""
        return max(0.0, 1.0 - self.training.median / self.step.median)

    @property
    def explained(self) -> float:
        """The largest `waiting` that the input can explain: as if input and step never overlapped."""
        return self.step.median / (self.step.median + self.input["batches"].median)

    @property
    def input_bound(self) -> bool:
        """Whether a faster input would make training much faster."""
        return min(self.waiting, self.explained) > INPUT_BOUND

    @property
    def slowest(self) -> str | None:
        """The slowest part of the input; None where the input alone is faster than the step."""
        if self.input["batches"].median > self.step.median:
            return None
        seconds = [0.0, *(1.0 / throughput.median for throughput in self.input.values())]
        parts = zip(self.input, itertools.pairwise(seconds), strict=True)
        own_seconds = {part: after - before for part, (before, after) in parts}
        return max(own_seconds, key=lambda part: own_seconds[part])


def profile(
    config: Config,
    *,
    data: Path,
    distribution: Distribution,
    stage: str | None = None,
    run: Run | None = None,
    timing: Timing | None = None,
    trace: Path | None = None,
) -> Profile:
    """Profiles a stage.

    Args:
        config: of the training.
        data: the records' folder.
        distribution: the replicas; all must be in this process.
        stage: a stage's or compared system's name; None for the first stage that reads images in training.
        run: a run with the finished stages that the stage starts from; it is not changed.
        timing: of each measurement.
        trace: a folder for TensorFlow's trace of some steps, for TensorBoard.

    Raises:
        UserError: an input is not usable.
    """
    chosen = _stage(config, stage)
    if distribution.processes > 1:
        raise UserError(
            "profile measures one process: --strategy one or mirrored. "
            f"Received: {distribution.processes} processes."
        )
    if chosen.upstream and run is None:
        raise UserError(
            f"Stage {chosen.name} starts from {', '.join(chosen.upstream)}: --run must name a run that has "
            "trained them. Received: no --run."
        )
    with tempfile.TemporaryDirectory(prefix="mmannot-profile-") as temporary, progress_bars() as bars:
        folder = Path(temporary) / "run"
        if run is not None:
            _link_finished(run, folder, except_stage=chosen.name)
        session = open_training(config, data, folder, distribution, [chosen])
        plan.require_upstream(session.run, chosen)
        with data_loss_as_user_error(session.records):
            job = stage_job(session, chosen, bars, Signals())
            job.log.close()
            settings = job.settings.model_copy(update={"learning_rate": 0.0})
            frozen = dataclasses.replace(job, settings=settings, log=SilentLog())
            return profile_job(frozen, timing or Timing(), trace)


def profile_job(job: Job, timing: Timing, trace: Path | None = None) -> Profile:
    """Profiles a job; a smaller last batch of an epoch is left out."""
    loop, images = Loop(job), min(job.batch_size, job.examples)
    whole = job.examples // images

    def batches() -> Iterator[Any]:
        return itertools.chain.from_iterable(loop.batches(epoch, whole) for epoch in itertools.count())

    def measured(batches: Iterable[Any], consume: Callable[[Iterator[Any]], object]) -> Throughput:
        return measure_throughput(batches, consume, images=images, timing=timing)

    throughputs = {name: measured(_part(job, name, images), _consume) for name in _partial_pipelines(job, 0)}
    throughputs["batches"] = measured(batches(), _consume)
    step = measured(itertools.repeat(next(batches())), loop.train_on)
    training = measured(batches(), loop.train_on)
    if trace is not None:
        with tf.profiler.experimental.Profile(str(trace)):
            loop.train_on(_traced(batches()))
    name, replicas = job.network.model.name, job.distribution.replicas
    return Profile(name, job.batch_size, replicas, timing, throughputs, step, training)


def _stage(config: Config, name: str | None) -> Stage:
    stages = configured_stages(config)
    known = {stage.name: stage for stage in (*stages, *METHOD_STAGES.values())}
    if name is None:
        for stage in stages:
            if "images" in stage.reads and not has_frozen_backbone(config, stage):
                return stage
        raise UserError(
            "This configuration trains heads on features that are computed once: no stage reads images in "
            f"training. --stage names another one: {', '.join(known)}."
        )
    if name not in known:
        raise UserError(f"--stage must be one of {', '.join(known)}. Received: {name}.")
    return known[name]


def _link_finished(run: Run, folder: Path, *, except_stage: str) -> None:
    """Links a run's finished stages, features and decoded images into another run.

    A run replaces files instead of changing them in place, so it never writes through a link.
    """
    for pattern in ("features/*", "decoded"):
        for source in run.path.glob(pattern):
            target = folder / source.relative_to(run.path)
            target.mkdir(parents=True)
            for file in source.glob("*.npy"):
                (target / file.name).symlink_to(file.resolve())
            for file in source.glob("*.json"):
                shutil.copy(file, target)
    (folder / "stages").mkdir(parents=True)
    for source in run.path.glob("stages/*"):
        if source.name != except_stage:
            (folder / "stages" / source.name).symlink_to(source.resolve())


def _partial_pipelines(job: Job, epoch: int) -> Mapping[str, tf.data.Dataset]:
    replicas = job.distribution.local_replicas
    return job.batches.partial_pipelines(seed=job.training.seed, epoch=epoch, replicas=replicas)


def _part(job: Job, name: str, images: int) -> Iterator[Any]:
    """One part of the input, epoch after epoch, in batches."""
    epochs = (_partial_pipelines(job, epoch)[name] for epoch in itertools.count())
    return itertools.chain.from_iterable(part.ragged_batch(images, drop_remainder=True) for part in epochs)


def _consume(batches: Iterable[Any]) -> None:
    collections.deque(batches, maxlen=0)


def _traced(batches: Iterator[Any]) -> Iterator[Any]:
    """A few batches, each with its step marked in the trace."""
    for number in range(TRACED_STEPS):
        with tf.profiler.experimental.Trace("train", step_num=number, _r=1):
            yield next(batches)
