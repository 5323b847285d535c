"""How long training waits for its input, and how much time cached features save.

    python benchmarks/training.py [--method NAME]... [--smoke] [--json FILE]

The features of a ResNet-101 with random weights are cached for some images of a photograph's size, so that
every compared system can be profiled as in `mmannot profile`. The waiting of a step for its input is timed
within an epoch of more images, in the stage with the shortest steps of all that read images.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
import typer
from fresh_run import keep_fresh
from harness import Answer, JsonOption, SmokeOption, quartiles, report, single
from photographs import photograph_records
from short_run import (
    BATCH,
    FEATURES_BATCH,
    WIDTHS,
    forward_rate,
    learning,
    plain_step,
    short_config,
    spec,
)

from mmannot_tf.config.settings import Config
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.inference.inference import model_outputs
from mmannot_tf.training.inference.trained_branches import feature_model
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.loop.stage_log import SilentLog
from mmannot_tf.training.network import build_network
from mmannot_tf.training.profiling.profile import profile
from mmannot_tf.training.profiling.throughput import Timing
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stage_builder import stage_job
from mmannot_tf.training.train import open_training, train
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.progress import progress_bars

FEW, MANY = 40, 256
"""The numbers of images: of the run's training split, and of an epoch that measures waiting."""
METHODS = ("cnn_logistic", "cnn_rnn", "tag_neighbour", "sinn")
"""The paper's systems that read cached features."""
LARGE_STEPS = 512
"""Images a step where `stages.NAME.batch_size` asks for larger ones."""
BEGINNING = 2
"""Warm-up steps, which trace and fill buffers."""
SHORT = (
    f"stages.ms_cnn.batch_size={BATCH}",
    "training.reestimate_batches=1",
    "data.vocabulary_size=40",
)


def main(
    methods: Annotated[list[str] | None, typer.Option("--method", help="Compared systems.")] = None,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints the ratios."""
    sizes = ("model.backbone=tiny", "data.image_size=32") if smoke else ()
    methods = methods or (METHODS[:2] if smoke else METHODS)
    timing = Timing(steps=2, seconds=0.0, windows=1) if smoke else Timing(steps=2, seconds=0.3)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        records = photograph_records(folder / "few", FEW)
        many = records if smoke else photograph_records(folder / "many", MANY)
        config = short_config(FEATURES_BATCH, *sizes, *SHORT)
        run = _cached_run(config, records, folder / "run", methods)
        waiting = _waiting(run, many, "ms_cnn", steps=5 if smoke else 12)
        writing, both = _writing(run, config, records, pairs=1 if smoke else 3)
        cnn = _forward(run, config, timing)
        answers = [
            waiting,
            *(
                _cached(name, both, examples=64 if smoke else 16_384, batch_size=size)
                for size in (FEATURES_BATCH, LARGE_STEPS)
                for name in WIDTHS
            ),
            *(_spared(name, cnn, _step(run, config, records, name, timing)) for name in methods),
            writing,
        ]
    report(answers, json_file)


def _cached_run(config: Config, records: Records, path: Path, methods: Sequence[str]) -> Run:
    """A run with stages at initial weights and trained methods, whose features are cached."""
    stages = ("cnn", "ms_cnn")
    opened = open_training(config, records.path, path, one_device(), [STAGES[name] for name in stages])
    keep_fresh(opened.run, stages)
    return train(config, data=records.path, run=path, stages=stages, methods=methods)


def _forward(run: Run, config: Config, timing: Timing) -> float:
    """Seconds per image of the trunk that compared systems read."""
    model = feature_model(run, [STAGES["cnn"]])
    return 1 / forward_rate(model, batch=BATCH, size=config.data.image_size, timing=timing)


def _step(run: Run, config: Config, records: Records, name: str, timing: Timing) -> float:
    """Seconds per image of a compared system's step on one batch of cached features."""
    result = profile(config, data=records.path, distribution=one_device(), stage=name, run=run, timing=timing)
    return 1 / result.step.median


def _waiting(run: Run, records: Records, name: str, *, steps: int) -> Answer:
    """The waiting within an epoch of a stage that reads images, trained as in `mmannot train`."""
    with progress_bars() as bars:
        job = stage_job(open_session(run), STAGES[name], bars, Signals())
    job.log.close()
    batches, count = replace(job.batches, records=records), records.splits["train"]
    loop = Loop(replace(job, batches=batches, examples=count, log=SilentLog()))
    asked, got = [], []

    def clocked() -> Iterator[Any]:
        batches = iter(loop.batches(0, steps))
        for _ in range(steps):
            asked.append(time.perf_counter())
            batch = next(batches)
            got.append(time.perf_counter())
            yield batch

    loop.train_on(clocked())
    waits = np.subtract(got, asked)[BEGINNING:-1]
    took = np.diff(asked)[BEGINNING:]
    return Answer(
        f"share of a {name} step that waits for input",
        ("waiting for a batch, s a step", float(waits.mean())),
        ("steps with their waiting, s", float(took.mean())),
        waits.sum() / took.sum(),
        quartiles(list(waits / took)),
        ("at most", 0.1),
    )


def _cached(name: str, forward: float, *, examples: int, batch_size: int) -> Answer:
    """Epochs from an array of features, with their input; not too short, as each traces its input again."""
    features = np.random.default_rng(0).standard_normal((examples, WIDTHS[name]), np.float32)
    targets, loss = learning(name, examples)
    batches = ArrayBatches(features, targets, batch_size)
    network = build_network(STAGES[name], spec(batch_size), WIDTHS[name])
    step = plain_step(network.model, loss)
    seconds = []
    for epoch in range(3):
        begun = time.perf_counter()
        losses = [step(batch) for batch in batches.epoch(seed=0, epoch=epoch)]
        losses[-1].numpy()
        seconds.append((time.perf_counter() - begun) / examples)
    return _spared(f"{name} in steps of {batch_size}", forward, statistics.median(seconds[1:]))


def _spared(name: str, forward: float, step: float) -> Answer:
    return single(
        f"an epoch of {name} through the network beside one on cached features",
        ("forward pass and step, s an image", forward + step),
        ("step on cached features, s an image", step),
        goal=("at least", 1000.0),
    )


def _writing(run: Run, config: Config, records: Records, *, pairs: int) -> tuple[Answer, float]:
    """Features of a split as `FeatureCache` computes them, with reading and decoding.

    Starts at the second batch, because a call first traces the network. The ratio is that of the median
    batches. Also returns the seconds per image of the forward passes alone.
    """
    model = feature_model(run, [STAGES["cnn"], STAGES["ms_cnn"]])
    over = ImageBatches(records, config.data, run.preprocessing, batch_size=BATCH).ordered_split("train")
    size = config.data.image_size
    batch = tf.constant(np.random.default_rng(0).normal(size=(BATCH, size, size, 3)), tf.float32)
    forward = tf.function(lambda images: model(images, training=False))
    count, first = over.examples // BATCH - 1, []

    def extracted() -> np.ndarray:
        clocked = Clocked(tf.distribute.get_strategy())
        begun = time.perf_counter()
        model_outputs(model, over, clocked)
        first.append(clocked.asked[0] - begun)
        return np.diff(clocked.asked) + (time.perf_counter() - clocked.asked[-1]) / count

    def computed() -> np.ndarray:
        done = [time.perf_counter()]
        for _ in range(count):
            forward(batch)["cnn"].numpy()
            done.append(time.perf_counter())
        return np.diff(done)

    computed()
    timed = [(extracted(), computed()) for _ in range(pairs)]
    ours, bare = (float(np.median(side)) for side in zip(*timed, strict=True))
    answer = Answer(
        f"features of {count * BATCH} images, from records to arrays, how many times as fast",
        (f"extraction, s for {BATCH}", ours),
        (f"bare forward pass, s for {BATCH}", bare),
        bare / ours,
        quartiles([float(np.median(bare) / np.median(ours)) for ours, bare in timed]),
        ("at least", 0.95),
        f"a call takes {statistics.median(first):.1f} s before these, to trace the network and for a batch",
    )
    return answer, bare / BATCH


@dataclass(frozen=True, eq=False)
class Clocked(Distribution):
    """One device that records the time of each request for a batch of an ordered pass after the first."""

    asked: list[float] = field(default_factory=list)

    def distribute_ordered(self, over: OrderedSplit) -> Any:
        """The batches."""
        return _Clocked(super().distribute_ordered(over), self.asked)


@dataclass(frozen=True)
class _Clocked:
    batches: Any
    asked: list[float]

    @property
    def element_spec(self) -> Any:
        return self.batches.element_spec

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            yield batch
            self.asked.append(time.perf_counter())


if __name__ == "__main__":
    typer.run(main)
