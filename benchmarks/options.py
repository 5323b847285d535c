"""The effect of TensorFlow's options on a forward pass on a CPU: XLA, bfloat16, oneDNN off.

    python benchmarks/options.py [--smoke] [--json FILE]

Keras' ResNet-50 with 224 pixels and random weights, 8 images per batch. No option has a goal: helpful ones
are used, the others documented. An environment variable switches oneDNN off when TensorFlow is imported, so
that side runs in separate processes. There is no channels-first side: TensorFlow 2.21 has no such
convolutions for CPUs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
import typer
from harness import Answer, JsonOption, SmokeOption, compare, report, single

from mmannot_tf.training.precision import computing_in

BATCH = 8
"""Images."""
PLAIN = "as it comes"


def main(
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
    alone: Annotated[bool, typer.Option("--alone", hidden=True, help="The plain pass' seconds.")] = False,
) -> None:
    """Prints the ratios."""
    size, pairs = (32, 1) if smoke else (224, 3)
    plain = forward(size)
    if alone:
        typer.echo(_seconds(plain))
        return

    def beside(what: str, call: Callable[[], object]) -> Answer:
        return compare(
            f"ResNet-50 forward, {BATCH} images, {what}", (what, call), (PLAIN, plain), pairs=pairs
        )

    answers = [
        beside("compiled by XLA", forward(size, jit_compile=True)),
        beside("in bfloat16", forward(size, precision="bfloat16")),
        _without_onednn(["--smoke"] if smoke else []),
    ]
    report(answers, json_file)


def forward(size: int, *, jit_compile: bool = False, precision: str = "float32") -> Callable[[], object]:
    """A forward pass on one batch."""
    with computing_in(precision):
        model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(size, size, 3))
    images = tf.constant(np.random.default_rng(0).normal(size=(BATCH, size, size, 3)), tf.float32)
    compute = tf.function(lambda: model(images, training=False), jit_compile=jit_compile)
    return lambda: compute().numpy()


def _without_onednn(options: list[str]) -> Answer:
    seconds = {}
    for value in ("0", "1"):
        environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": value}
        command = [sys.executable, Path(__file__), "--alone", *options]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        seconds[value] = float(printed)
    return single(
        f"ResNet-50 forward, {BATCH} images, without oneDNN",
        ("without oneDNN, s", seconds["0"]),
        (f"{PLAIN}, s", seconds["1"]),
    )


def _seconds(call: Callable[[], object]) -> float:
    """The shortest time of a few calls, after a warm-up."""
    call()
    durations = []
    for _ in range(3):
        begun = time.perf_counter()
        call()
        durations.append(time.perf_counter() - begun)
    return min(durations)


if __name__ == "__main__":
    typer.run(main)
