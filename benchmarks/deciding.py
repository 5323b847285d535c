"""How long it takes to decide how many labels an image gets, beside the network that ranks them.

    python benchmarks/deciding.py [--labels 81,10000] [--images 16] [--smoke] [--json FILE]

Each way is fitted on made scores, calibrated by label. It decides a batch in numpy, as the server does, and
in a graph, as a SavedModel does. The reference is the whole network of the paper on the same number of
images. The table has the dearest way of each; its note has them all.
"""

import time
from collections.abc import Callable
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
import typer
from harness import Answer, JsonOption, SmokeOption, compare, report

import mmannot_tf
from mmannot_tf.decisions import FittedWays, Options, Scores

GOALS = {81: 0.02, 10_000: 0.1}
"""Of the network's time, by the number of labels."""
FITTED_ON = 200


def main(
    labels: Annotated[str, typer.Option(help="Numbers of labels, comma-separated.")] = "81,10000",
    images: Annotated[int, typer.Option(help="In a batch.")] = 16,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints the shares."""
    counts = [9] if smoke else [int(count) for count in labels.split(",")]
    answers = []
    for count in counts:
        answers += answers_for(count, images=2 if smoke else images, smoke=smoke)
    report(answers, json_file)


def answers_for(labels: int, *, images: int, smoke: bool) -> list[Answer]:
    """The share of the dearest way, in numpy and in a graph."""
    network = forward(labels, images=images, smoke=smoke)
    scores, ways = fitted(labels, images=images)
    answers = []
    for where, sides in (("numpy", in_numpy(scores, ways)), ("a graph", in_graphs(scores, ways))):
        seconds = {name: shortest(decide) for name, decide in sides.items()}
        dearest = max(seconds, key=seconds.__getitem__)
        each = ", ".join(f"{name} {1e3 * taken / images:.2g}" for name, taken in seconds.items())
        answers.append(
            compare(
                f"deciding by {dearest} in {where}, {labels:,} labels, beside the network",
                (f"{dearest}, {images} images", sides[dearest]),
                ("network, ResNet-101", network),
                pairs=1 if smoke else 7,
                goal=("at most", GOALS[labels]) if labels in GOALS else None,
                note=f"ms an image: {each}",
            )
        )
    return answers


def forward(labels: int, *, images: int, smoke: bool) -> Callable[[], object]:
    """The network on a batch of images with tags."""
    name, size = ("tiny", 64) if smoke else ("resnet101", 224)
    model = mmannot_tf.build_annotator(name, labels=labels, tags=1000, image_size=size)
    run = tf.function(lambda inputs: model(inputs, training=False))
    inputs = {"image": tf.zeros([images, size, size, 3]), "tags": tf.zeros([images, 5], tf.int32)}
    return lambda: run(inputs)["order"].numpy()


def fitted(labels: int, *, images: int) -> tuple[Scores, FittedWays]:
    """Made scores of a batch, and the ways, fitted on others of their kind: about four labels an image."""
    rng = np.random.default_rng(0)

    def made(rows: int) -> tuple[Scores, np.ndarray]:
        probabilities = rng.beta(4 / labels, 1.0, (rows, labels)).astype(np.float32)
        truth = rng.random(probabilities.shape) < probabilities
        quantity = (truth.sum(axis=1) + rng.normal(0, 0.7, rows)).astype(np.float32)
        return Scores(probabilities, quantity), truth

    return made(images)[0], FittedWays.fit("expected_f", *made(FITTED_ON), Options(), "platt")


def in_numpy(scores: Scores, ways: FittedWays) -> dict[str, Callable[[], object]]:
    """Each way by its name, in numpy."""
    return {name: lambda way=way: way.select(scores) for name, way in ways.by_name.items()}


def in_graphs(scores: Scores, ways: FittedWays) -> dict[str, Callable[[], object]]:
    """Each way by its name, in a graph of its own."""
    tensors = tf.constant(scores.probabilities), tf.constant(scores.quantity)
    graphs = {
        name: tf.function(
            lambda probabilities, quantity, way=way: way.select(Scores(probabilities, quantity), keras.ops),
            autograph=False,
        )
        for name, way in ways.by_name.items()
    }
    return {name: lambda graph=graph: graph(*tensors).numpy() for name, graph in graphs.items()}


def shortest(call: Callable[[], object]) -> float:
    """The shortest of three timings after a first call, seconds."""
    call()
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    typer.run(main)
