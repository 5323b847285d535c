"""What the training of a stage waits for: rates of its input, of its step, and of both together.

All of it is the code that trains: the stage's recipe, its batches, its loop, in a run of its own in a
temporary folder. Only the learning rate is 0, so that a step taken many times on one batch stays finite.
"""

import collections
import dataclasses
import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.data.batches import ArrayBatches
from mmannot_tf.runs import plan
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import METHOD_STAGES
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.job import Job
from mmannot_tf.training.loop import Loop
from mmannot_tf.training.preemption import Signals
from mmannot_tf.training.progress import SilentLog
from mmannot_tf.training.stage_builder import stage_job
from mmannot_tf.training.stopwatch import Rates, Timing, rates_of
from mmannot_tf.training.train import open_training
from tfrecords_tools.reading.records import reading
from tfrecords_tools.shell.console import progress
from tfrecords_tools.shell.errors import UserError

INPUT_BOUND = 0.1
"""From which share of a step spent waiting on a stage is called input-bound (ours)."""
TRACED_STEPS = 10


@dataclass(frozen=True)
class Profile:
    """The rates of a stage.

    Attributes:
        stage: its name.
        batch_size: examples a step, over all replicas.
        replicas: that train together.
        timing: of each measurement.
        input: "read", "decode" (both only where images are read) and "batches" → what each reaches with all
            before it, nothing else going on; "batches" lie on the device.
        step: the training step alone, on a batch that lies there already.
        training: both together, as `mmannot train` has them.
    """

    stage: str
    batch_size: int
    replicas: int
    timing: Timing
    input: dict[str, Rates]
    step: Rates
    training: Rates

    @property
    def waiting(self) -> float:
        """The share of a step that is spent waiting for its batch, 0 to 1."""
        return max(0.0, 1.0 - self.training.median / self.step.median)

    @property
    def explained(self) -> float:
        """The most of `waiting` that the input can account for: as if it and the step came in turns."""
        return self.step.median / (self.step.median + self.input["batches"].median)

    @property
    def input_bound(self) -> bool:
        """Whether faster input would make training faster by much."""
        return min(self.waiting, self.explained) > INPUT_BOUND

    @property
    def slowest(self) -> str | None:
        """The part of the input that costs most; None where the input alone is faster than the step."""
        if self.input["batches"].median > self.step.median:
            return None
        seconds = [1.0 / rates.median for rates in self.input.values()]
        added = dict(
            zip(
                self.input, (now - before for before, now in itertools.pairwise([0.0, *seconds])), strict=True
            )
        )
        return max(added, key=added.get)


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
    """Measures a stage.

    Args:
        config: what to train.
        data: the records' folder.
        distribution: the replicas, all of this process.
        stage: a stage's or compared system's name; None for the first that reads images.
        run: whose finished stages the stage starts from; only read.
        timing: of each measurement.
        trace: a folder for TensorFlow's own trace of some steps, for TensorBoard.

    Raises:
        UserError: any input that cannot be worked with, in one line.
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
    with tempfile.TemporaryDirectory(prefix="mmannot-profile-") as temporary, progress() as bars:
        folder = Path(temporary) / "run"
        if run is not None:
            _borrow(run, folder, besides=chosen.name)
        session = open_training(config, data, folder, distribution, [chosen])
        plan.require_upstream(session.run, chosen)
        with reading(session.records):
            job = stage_job(session, chosen, bars, Signals())
            job.log.close()
            settings = job.settings.model_copy(update={"learning_rate": 0.0})
            still = dataclasses.replace(job, settings=settings, log=SilentLog())
            return profile_job(still, timing or Timing(), trace)


def profile_job(job: Job, timing: Timing, trace: Path | None = None) -> Profile:
    """Measures what `Loop` would train; the last batch of an epoch is left out where it is smaller."""
    loop, images = Loop(job), min(job.batch_size, job.examples)
    whole = job.examples // images

    def batches() -> Iterator[Any]:
        return itertools.chain.from_iterable(loop.batches(epoch, whole) for epoch in itertools.count())

    def measured(what: Iterable[Any], take: Any) -> Rates:
        return rates_of(what, take, images=images, timing=timing)

    parts = {name: measured(_part(job, name, images), _drain) for name in _parts(job, 0)}
    parts["batches"] = measured(batches(), _drain)
    step = measured(itertools.repeat(next(batches())), loop.take)
    training = measured(batches(), loop.take)
    if trace is not None:
        with tf.profiler.experimental.Profile(str(trace)):
            loop.take(_marked(batches()))
    name, replicas = job.network.model.name, job.distribution.replicas
    return Profile(name, job.batch_size, replicas, timing, parts, step, training)


def _stage(config: Config, name: str | None) -> Stage:
    stages = plan.configured(config)
    if name is None:
        return next(stage for stage in stages if "images" in stage.reads)
    known = {stage.name: stage for stage in (*stages, *METHOD_STAGES.values())}
    if name not in known:
        raise UserError(f"--stage must be one of {', '.join(known)}. Received: {name}.")
    return known[name]


def _borrow(run: Run, folder: Path, *, besides: str) -> None:
    """Links a run's finished stages, features and decoded images into another; what is written stays there.

    A file that a run changes is never written in place, so no link is written through.
    """
    for made in ("features/*", "decoded"):
        for source in run.path.glob(made):
            own = folder / source.relative_to(run.path)
            own.mkdir(parents=True)
            for file in source.glob("*.npy"):
                (own / file.name).symlink_to(file.resolve())
            for file in source.glob("*.json"):
                shutil.copy(file, own)
    (folder / "stages").mkdir(parents=True)
    for source in run.path.glob("stages/*"):
        if source.name != besides:
            (folder / "stages" / source.name).symlink_to(source.resolve())


def _parts(job: Job, epoch: int) -> dict[str, tf.data.Dataset]:
    if isinstance(job.batches, ArrayBatches):
        return {}
    return job.batches.parts(seed=job.training.seed, epoch=epoch, share=job.distribution.share)


def _part(job: Job, name: str, images: int) -> Iterator[Any]:
    """One part of the input, epoch after epoch, its examples counted out in batches."""
    epochs = (_parts(job, epoch)[name] for epoch in itertools.count())
    return itertools.chain.from_iterable(part.ragged_batch(images, drop_remainder=True) for part in epochs)


def _drain(batches: Iterable[Any]) -> None:
    collections.deque(batches, maxlen=0)


def _marked(batches: Iterator[Any]) -> Iterator[Any]:
    """A few batches, each with its step marked in the trace."""
    for number in range(TRACED_STEPS):
        with tf.profiler.experimental.Trace("train", step_num=number, _r=1):
            yield next(batches)


def advice(found: Profile, config: Config) -> str:
    """What to do about it, in a sentence that names keys and options."""
    if found.waiting > INPUT_BOUND and not found.input_bound:
        return (
            f"The input alone accounts for at most {found.explained:.0%}: something else slowed this machine "
            "down meanwhile. Measure again, with more --steps."
        )
    if not found.input_bound:
        return (
            "A faster step would help: a faster device, --strategy mirrored on several, training.precision, "
            "a smaller data.image_size or model.backbone. A faster input would not."
        )
    cache = _caches(config)
    told = {
        "read": f"Reading is too slow: faster storage for --data, more shards{cache}.",
        "decode": f"Decoding is too slow: more CPU cores{cache}.",
        "batches": f"Putting batches together is too slow: more CPU cores{cache}.",
        None: f"Each part keeps up alone, but shares the CPU with the step: more CPU cores, a GPU{cache}.",
    }
    return told[found.slowest]


def _caches(config: Config) -> str:
    if config.data.augmentation in ("crop", "crop-flip"):
        return ', or data.decoded_cache without crops (data.augmentation = "flip")'
    options: Sequence[str] = {"none": ("memory", "disk"), "disk": ("memory",)}.get(
        config.data.decoded_cache, ()
    )
    return f", or data.decoded_cache = {' or '.join(map(repr, options))}".replace("'", '"') if options else ""
