"""The cost of a training step compared with its minimum of arithmetic, in time and memory.

    python benchmarks/training_step.py [--smoke] [--json FILE]

A "bound" is the minimal cost of a step, from measured forward passes of the network: with w the cost of a
layer's forward pass, a trained layer costs 3 w (the pass, and the gradients of its inputs and weights), a
frozen one w. Networks are the paper's, with random weights. Memory is the largest resident set of a separate
process that runs a few passes and then a few steps, including TensorFlow.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
import typer
from fresh_run import TAGS
from harness import Answer, JsonOption, SmokeOption, compare, largest_resident_mib, report, single
from short_run import BATCH, FEATURES_BATCH, TAGS_AN_IMAGE, WIDTHS, learning, plain_step, spec

from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.network import Network, build_network

TIMES = 20
"""The number of steps in one timing of a stage on features."""


def main(
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
    alone: Annotated[str, typer.Option(hidden=True, help="A stage, in this process.")] = "",
) -> None:
    """Prints the ratios."""
    sizes = ("model.backbone=tiny", "data.image_size=32") if smoke else ()
    if alone:
        typer.echo(json.dumps(_alone(alone, sizes), default=vars))
        return
    pairs = 1 if smoke else 3
    answers = [
        _fusion(sizes, pairs=pairs),
        *(_on_features(name, pairs=pairs) for name in ("tag_encoder", *WIDTHS)),
        *_in_processes(["--smoke"] if smoke else []),
    ]
    report(answers, json_file)


def _on_features(name: str, *, pairs: int) -> Answer:
    """A stage that reads tags or cached features and trains all its branches."""
    draw = np.random.default_rng(0)
    model = build_network(STAGES[name], spec(FEATURES_BATCH), WIDTHS.get(name, 0)).model
    if name in WIDTHS:
        inputs = tf.constant(draw.normal(size=(FEATURES_BATCH, WIDTHS[name])), tf.float32)
    else:
        inputs = tf.constant(draw.integers(0, TAGS, (FEATURES_BATCH, TAGS_AN_IMAGE)), tf.int32)
    targets, loss = learning(name, FEATURES_BATCH)
    batch = inputs, tf.constant(targets)
    step, forward = plain_step(model, loss), tf.function(lambda inputs: model(inputs, training=False))
    return compare(
        f"a step of {name} on {FEATURES_BATCH} images",
        (f"step, {TIMES} times", lambda: [step(batch) for _ in range(TIMES)][-1].numpy()),
        (
            f"bound, 3 forward passes, {TIMES} times",
            lambda: [forward(inputs) for _ in range(3 * TIMES)][-1].numpy(),
        ),
        pairs=pairs,
    )


def _fusion(sizes: tuple[str, ...], *, pairs: int) -> Answer:
    """A step of ms_cnn, and the backbone's forward pass followed by a step of the fusion on its maps."""
    network, images, targets = _stage("ms_cnn", sizes)
    backbone, fusion, probe = (network.branches[name] for name in ("backbone", "fusion", "probe"))
    forward = tf.function(lambda batch: backbone(batch, training=False))
    inputs = [keras.Input(tap.shape[1:]) for tap in backbone.outputs]
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
    """A stage's network with its initial weights, and a batch of images and targets."""
    begun = spec(BATCH, *sizes)
    size = begun.config.data.image_size
    images = tf.constant(np.random.default_rng(0).normal(size=(BATCH, size, size, 3)), tf.float32)
    return build_network(STAGES[name], begun), images, tf.constant(learning(name, BATCH)[0])


def _in_processes(options: list[str]) -> list[Answer]:
    """Stages that read images, each in a separate process: time if all is trained, memory of both."""
    alone = {}
    for name in ("ms_cnn", "cnn"):
        command = [sys.executable, __file__, "--alone", name, *options]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        alone[name] = {side: Cost(**cost) for side, cost in json.loads(printed).items()}
    return [
        single(
            "a step of cnn (all of the backbone)",
            ("step, s", alone["cnn"]["step"].seconds),
            ("bound, 3 forward passes, s", 3 * alone["cnn"]["forward"].seconds),
        ),
        *(
            single(
                f"memory of a step of {name} beside a forward pass",
                ("step, MiB", both["step"].mib),
                ("forward pass, MiB", both["forward"].mib),
            )
            for name, both in alone.items()
        ),
    ]


@dataclass(frozen=True)
class Cost:
    """The median seconds of a few calls after one that traces, and the largest resident set so far."""

    seconds: float
    mib: float


def _alone(name: str, sizes: tuple[str, ...]) -> dict[str, Cost]:
    """The cost of forward passes in this process, and then of steps."""
    network, images, targets = _stage(name, sizes)
    forward, step = tf.function(lambda batch: network.model(batch, training=False)), plain_step(network.model)
    costs = {}
    for side, call in (("forward", lambda: forward(images)), ("step", lambda: step((images, targets)))):
        call().numpy()
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            call().numpy()
            seconds.append(time.perf_counter() - begun)
        costs[side] = Cost(statistics.median(seconds), largest_resident_mib())
    return costs


if __name__ == "__main__":
    typer.run(main)
