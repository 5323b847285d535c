"""What training costs beside the arithmetic it cannot do without, and what the frozen features save.

    python benchmarks/training.py [--smoke] [--json FILE]

A ResNet-101 from random weights goes once through some images of a photograph's size, so that every stage
and compared system can be profiled as `mmannot profile` does; the share of a step that waits for its input is
taken within an epoch of more of them. A "bound" is what the network's own forward
passes, measured here, say that a step must cost: with w the cost of a layer's forward pass, a trained layer
costs 3 w (the pass, and the gradients of its inputs and of its weights), a frozen one w. Memory is the
largest resident set of a process of its own that takes two steps, TensorFlow with it.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer
from annotate import LABELS, TAGS
from harness import Answer, JsonOption, SmokeOption, compare, quartiles, report, single
from photographs import photograph_records
from short_run import OF_LABELS, forward_rate, plain_step, short_config

from mmannot_tf.config.settings import Config
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.data.sharing import Pass
from mmannot_tf.losses.quantity_error import quantity_error
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.fitting import stage_job
from mmannot_tf.training.inference import outputs
from mmannot_tf.training.network import Blueprint, Network, build_network
from mmannot_tf.training.preemption import Signals
from mmannot_tf.training.profiling import Profile, profile, profile_job
from mmannot_tf.training.progress import SilentLog
from mmannot_tf.training.run import Run
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stages import STAGES
from mmannot_tf.training.stopwatch import Timing
from mmannot_tf.training.train import train
from mmannot_tf.training.trained import feature_model
from mmannot_tf.weights.source import resolve
from tfrecords_tools.console import progress
from tfrecords_tools.records import Records

BATCH, FEW, MANY = 8, 64, 512
"""Images: of a step, of the run's training split, of an epoch for what waits."""
FEATURES_BATCH = 32
"""Cached features, as configs/nus_wide.toml has it."""
CACHED = {"classifier": 2, "quantity_visual": 1, "quantity": 2}
"""Stages on cached features, and how many features of `WIDTH` they read side by side."""
WIDTH = 2048
METHODS = ("cnn_logistic", "cnn_rnn", "tag_neighbour", "sinn", "asl", "ml_decoder")
"""Read cached features, of the network or (ml_decoder) of its last map."""
SHORT = (
    f"stages.cnn.batch_size={BATCH}",
    f"stages.ms_cnn.batch_size={BATCH}",
    "training.reestimate_batches=1",
    "data.vocabulary_size=40",
)


def main(
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
    memory_of: Annotated[str, typer.Option(hidden=True, help="forward, or a stage: its MiB alone.")] = "",
) -> None:
    """Prints the ratios."""
    sizes = ("model.backbone=tiny", "data.image_size=32") if smoke else ()
    if memory_of:
        typer.echo(_memory(memory_of, sizes))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        records = photograph_records(folder / "few", FEW)
        many = records if smoke else photograph_records(folder / "many", MANY)
        config = short_config(FEATURES_BATCH, *sizes, *SHORT)
        run = train(config, data=records.path, run=folder / "run", methods=METHODS[:2] if smoke else METHODS)
        timing = Timing(steps=2, seconds=0.0, windows=1) if smoke else Timing(steps=3, seconds=1.0)
        measured = Measured(run, config, records, timing)
        methods = METHODS[:2] if smoke else METHODS
        reading = {name: _in_an_epoch(run, many, name, timing) for name in ("cnn", "ms_cnn")}
        answers = [
            _fine_tuning(reading["cnn"], measured.forward("cnn")),
            _fusion(sizes, pairs=1 if smoke else 5),
            *(_waiting(found) for found in reading.values()),
            *(_cached(measured, name, examples=64 if smoke else 4096) for name in CACHED),
            *(_method(measured, name) for name in methods),
            _writing(run, config, records, pairs=1 if smoke else 3),
            *_memories(["--smoke"] if smoke else []),
        ]
    report(answers, json_file)


class Measured:
    """A run's stages on cached features, profiled when they are asked for."""

    def __init__(self, run: Run, config: Config, records: Records, timing: Timing):
        """`records` are what the run was trained on."""
        self._run, self._config, self._records, self._timing = run, config, records, timing
        self._profiles: dict[str, Profile] = {}
        self._forward: dict[tuple[str, ...], float] = {}

    def profiles(self, stage: str) -> Profile:
        """`mmannot profile` of a stage or compared system."""
        if stage not in self._profiles:
            self._profiles[stage] = profile(
                self._config,
                data=self._records.path,
                distribution=one_device(),
                stage=stage,
                run=self._run,
                timing=self._timing,
            )
        return self._profiles[stage]

    def forward(self, *stages: str) -> float:
        """Seconds an image of the trained trunks of some stages, that read images."""
        if stages not in self._forward:
            model = feature_model(self._run, [STAGES[name] for name in stages])
            size = self._config.data.image_size
            rate = forward_rate(model, batch=BATCH, size=size, timing=self._timing)
            self._forward[stages] = 1 / rate
        return self._forward[stages]


def _in_an_epoch(run: Run, records: Records, name: str, timing: Timing) -> Profile:
    """Of a stage that reads images, on records of more images than the run's."""
    with progress() as bars:
        job = stage_job(open_session(run), STAGES[name], bars, Signals())
    job.log.close()
    batches, count = replace(job.batches, records=records), records.splits["train"]
    return profile_job(replace(job, batches=batches, examples=count, log=SilentLog()), timing)


def _fine_tuning(found: Profile, forward: float) -> Answer:
    return single(
        "a step of cnn (all of the backbone)",
        ("step, s an image", 1 / found.step.median),
        ("bound, 3 forward passes, s an image", 3 * forward),
    )


def _fusion(sizes: tuple[str, ...], *, pairs: int) -> Answer:
    """The stage's step, and the backbone's forward pass followed by a step of the fusion on its maps."""
    network, images, targets = _stage("ms_cnn", sizes)
    backbone, fusion, probe = (network.branches[name] for name in ("backbone", "fusion", "probe"))
    forward = tf.function(lambda batch: backbone(batch, training=False))
    inputs = [keras.Input(one.shape[1:]) for one in backbone.outputs]
    alone = plain_step(keras.Model(inputs, probe(fusion(inputs))))
    whole = plain_step(network.model)
    return compare(
        "a step of ms_cnn (frozen backbone)",
        ("step", lambda: whole((images, targets)).numpy()),
        (
            "backbone forward, then fusion forward and back",
            lambda: alone((forward(images), targets)).numpy(),
        ),
        pairs=pairs,
        goal=("at most", 1.35),
    )


def _stage(name: str, sizes: tuple[str, ...]) -> tuple[Network, tf.Tensor, tf.Tensor]:
    """A stage's network at its initial weights, and a batch of images and targets."""
    blueprint = _blueprint(sizes)
    size = blueprint.config.data.image_size
    draw = np.random.default_rng(0)
    images = tf.constant(draw.normal(size=(BATCH, size, size, 3)), tf.float32)
    targets = tf.constant(draw.random((BATCH, LABELS)) < 0.03, tf.float32)
    return build_network(STAGES[name], blueprint), images, targets


def _blueprint(sizes: tuple[str, ...]) -> Blueprint:
    config = short_config(BATCH, *sizes)
    return Blueprint(config, LABELS, TAGS, resolve("random", config.model.backbone).provenance)


def _waiting(found: Profile) -> Answer:
    return single(
        f"share of a {found.stage} step that waits for input",
        ("training, images/s", found.training.median),
        ("step alone, images/s", found.step.median),
        ratio=found.waiting,
        goal=("at most", 0.1),
    )


def _cached(measured: Measured, name: str, *, examples: int) -> Answer:
    """Epochs from an array of features, input and all."""
    width, draw = CACHED[name] * WIDTH, np.random.default_rng(0)
    features = draw.normal(size=(examples, width)).astype(np.float32)
    quantity = name != "classifier"
    targets = np.ones(examples, np.float32) if quantity else (draw.random((examples, LABELS)) < 0.03)
    batches = ArrayBatches(features, np.asarray(targets, np.float32), FEATURES_BATCH)
    network = build_network(STAGES[name], _blueprint(()), width)
    step = plain_step(network.model, quantity_error if quantity else OF_LABELS)
    seconds = []
    for epoch in range(4):
        begun = time.perf_counter()
        losses = [step(batch) for batch in batches.epoch(seed=0, epoch=epoch)]
        losses[-1].numpy()
        seconds.append((time.perf_counter() - begun) / examples)
    return _spared(name, measured.forward("cnn", "ms_cnn"), statistics.median(seconds[1:]))


def _method(measured: Measured, name: str) -> Answer:
    """Steps on one batch."""
    return _spared(name, measured.forward("cnn"), 1 / measured.profiles(name).step.median)


def _spared(name: str, forward: float, step: float) -> Answer:
    return single(
        f"an epoch of {name} through the network beside one on cached features",
        ("forward pass and step, s an image", forward + step),
        ("step on cached features, s an image", step),
        goal=("at least", 1000.0),
    )


def _writing(run: Run, config: Config, records: Records, *, pairs: int) -> Answer:
    """Features of a split as `FeatureCache` computes them, read and decoded on the way.

    From the second batch on: a call traces the network first, once, however many images follow.
    """
    model = feature_model(run, [STAGES["cnn"], STAGES["ms_cnn"]])
    over = ImageBatches(records, config.data, run.preprocessing, batch_size=BATCH).one_pass("train")
    size = config.data.image_size
    batch = tf.constant(np.random.default_rng(0).normal(size=(BATCH, size, size, 3)), tf.float32)
    forward = tf.function(lambda images: model(images, training=False))
    count, first = over.examples // BATCH - 1, []

    def extracted() -> float:
        clocked = Clocked(tf.distribute.get_strategy())
        begun = time.perf_counter()
        outputs(model, over, clocked)
        first.append(clocked.asked[0] - begun)
        return time.perf_counter() - clocked.asked[0]

    def computed() -> float:
        begun = time.perf_counter()
        for _ in range(count):
            forward(batch)["cnn"].numpy()
        return time.perf_counter() - begun

    computed()
    timed = [(extracted(), computed()) for _ in range(pairs)]
    ratios = [bare / ours for ours, bare in timed]
    ours, bare = (statistics.median(side) for side in zip(*timed, strict=True))
    return Answer(
        f"features of {count * BATCH} images, from records to arrays, how many times as fast",
        ("extraction, s", ours),
        ("bare forward passes, s", bare),
        statistics.median(ratios),
        quartiles(ratios),
        ("at least", 0.95),
        f"a call takes {statistics.median(first):.1f} s before these, to trace the network and for a batch",
    )


@dataclass(frozen=True, eq=False)
class Clocked(Distribution):
    """One device that notes when it is asked for each batch of an ordered pass after the first."""

    asked: list[float] = field(default_factory=list)

    def ordered(self, over: Pass) -> Any:
        """The batches."""
        return _Clocked(super().ordered(over), self.asked)


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


def _memories(options: list[str]) -> list[Answer]:
    sizes = {name: _in_a_process(name, options) for name in ("forward", "ms_cnn", "cnn")}
    return [
        single(
            f"memory of a step of {name} beside a forward pass",
            ("step, MiB", sizes[name]),
            ("forward pass, MiB", sizes["forward"]),
        )
        for name in ("ms_cnn", "cnn")
    ]


def _in_a_process(name: str, options: list[str]) -> float:
    command = [sys.executable, __file__, "--memory-of", name, *options]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _memory(name: str, sizes: tuple[str, ...]) -> float:
    """The largest resident set, MiB, of this process after two forward passes or two steps. Linux only.

    Not getrusage's, which a process takes over from the one that starts it.
    """
    network, images, targets = _stage("ms_cnn" if name == "forward" else name, sizes)
    forward, step = tf.function(lambda batch: network.model(batch, training=False)), plain_step(network.model)
    for _ in range(2):
        (forward(images) if name == "forward" else step((images, targets))).numpy()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


if __name__ == "__main__":
    typer.run(main)
