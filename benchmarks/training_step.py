"""What a training step costs beside the arithmetic it cannot do without, in time and in memory.

    python benchmarks/training_step.py [--smoke] [--json FILE]

A "bound" is what the network's own forward passes, measured here, say that a step must cost: with w the cost
of a layer's forward pass, a trained layer costs 3 w (the pass, and the gradients of its inputs and of its
weights), a frozen one w. Networks are the paper's, from random weights. Memory is the largest resident set of
a process of its own that takes two passes and then two steps, TensorFlow with it.
"""

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer
from fresh_run import TAGS
from harness import Answer, JsonOption, SmokeOption, compare, largest_resident_mib, report, single
from short_run import BATCH, FEATURES_BATCH, OF_LABELS, WIDTHS, blueprint, learning, plain_step

from mmannot_tf.training.network import Network, build_network
from mmannot_tf.training.stages import STAGES

TAGS_AN_IMAGE = 8
PASSES = 20
"""Steps of a stage on features in one timing."""


def main(
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
    memory_of: Annotated[str, typer.Option(hidden=True, help="A stage: its MiB alone.")] = "",
) -> None:
    """Prints the ratios."""
    sizes = ("model.backbone=tiny", "data.image_size=32") if smoke else ()
    if memory_of:
        typer.echo(" ".join(map(str, _memory(memory_of, sizes))))
        return
    pairs = 1 if smoke else 3
    answers = [
        _fine_tuning(sizes, pairs=1 if smoke else 2),
        _fusion(sizes, pairs=pairs),
        *(_on_features(name, pairs=pairs) for name in ("tag_encoder", *WIDTHS)),
        *_memories(["--smoke"] if smoke else []),
    ]
    report(answers, json_file)


def _fine_tuning(sizes: tuple[str, ...], *, pairs: int) -> Answer:
    network, images, targets = _stage("cnn", sizes)
    return _three_passes(
        "a step of cnn (all of the backbone)",
        network.model,
        OF_LABELS,
        (images, targets),
        times=1,
        pairs=pairs,
    )


def _on_features(name: str, *, pairs: int) -> Answer:
    """A stage that reads tags or cached features."""
    draw = np.random.default_rng(0)
    network = build_network(STAGES[name], blueprint(FEATURES_BATCH), WIDTHS.get(name, 0))
    if name in WIDTHS:
        inputs = tf.constant(draw.normal(size=(FEATURES_BATCH, WIDTHS[name])), tf.float32)
    else:
        inputs = tf.constant(draw.integers(0, TAGS, (FEATURES_BATCH, TAGS_AN_IMAGE)), tf.int32)
    targets, loss = learning(name, FEATURES_BATCH)
    question, batch = f"a step of {name} on {FEATURES_BATCH} images", (inputs, tf.constant(targets))
    return _three_passes(question, network.model, loss, batch, times=PASSES, pairs=pairs)


def _three_passes(
    question: str,
    model: keras.Model,
    loss: Callable[[Any, Any], tf.Tensor],
    batch: tuple[tf.Tensor, tf.Tensor],
    *,
    times: int,
    pairs: int,
) -> Answer:
    """Some steps of a model that trains all it has, and three times as many of its forward passes."""
    step, forward = plain_step(model, loss), tf.function(lambda inputs: model(inputs, training=False))
    many = "" if times == 1 else f", {times} times"
    return compare(
        question,
        (f"step{many}", lambda: [step(batch) for _ in range(times)][-1].numpy()),
        (f"bound, 3 forward passes{many}", lambda: [forward(batch[0]) for _ in range(3 * times)][-1].numpy()),
        pairs=pairs,
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
    begun = blueprint(BATCH, *sizes)
    size = begun.config.data.image_size
    images = tf.constant(np.random.default_rng(0).normal(size=(BATCH, size, size, 3)), tf.float32)
    return build_network(STAGES[name], begun), images, tf.constant(learning(name, BATCH)[0])


def _memories(options: list[str]) -> list[Answer]:
    answers = []
    for name in ("ms_cnn", "cnn"):
        command = [sys.executable, __file__, "--memory-of", name, *options]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        forward, step = map(float, printed.split())
        question = f"memory of a step of {name} beside a forward pass"
        answers.append(single(question, ("step, MiB", step), ("forward pass, MiB", forward)))
    return answers


def _memory(name: str, sizes: tuple[str, ...]) -> tuple[float, float]:
    """The largest resident set, MiB, of this process after two forward passes, and after two steps."""
    network, images, targets = _stage(name, sizes)
    forward, step = tf.function(lambda batch: network.model(batch, training=False)), plain_step(network.model)
    found = []
    for call in (lambda: forward(images), lambda: step((images, targets))):
        call()
        call().numpy()
        found.append(largest_resident_mib())
    return found[0], found[1]


if __name__ == "__main__":
    typer.run(main)
