"""Beam search in graph beside a Python loop over the images with the same weights.

    python benchmarks/label_decoder.py [--images 200] [--labels 81] [--beam 3]

The loop decodes an image at a time, a step of all its paths in one compiled call.
Both decode with the same random weights, and should give the same paths.
"""

import json
import time
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer

from mmannot_tf.baselines.label_decoder import LabelDecoder, LabelPaths

BATCH = 256


def main(
    images: Annotated[int, typer.Option(help="How many are decoded.")] = 200,
    labels: Annotated[int, typer.Option(help="C.")] = 81,
    beam: Annotated[int, typer.Option(help="Paths kept.")] = 3,
    longest: Annotated[int, typer.Option(help="Most labels of a path.")] = 5,
) -> None:
    """Prints images a second of both and their ratio."""
    keras.utils.set_random_seed(0)
    decoder = LabelDecoder(labels, embedding=64, units=512, sets_cell=False)
    context = np.random.default_rng(0).normal(size=(images, 512)).astype(np.float32)
    decoder(np.zeros((1, 1), np.int32), context[:1])
    inputs = keras.Input((context.shape[1],))
    paths = LabelPaths(decoder, beam=beam, longest=longest, stops=True)(inputs)
    model = keras.Model(inputs, paths)
    graph, in_graph = timed(lambda: decoded(model, context))
    step = tf.function(decoder.step, reduce_retracing=True)
    loop, in_loop = timed(lambda: [looped(decoder, step, one, beam, longest) for one in context])
    different = sum(a != b for a, b in zip(in_graph, in_loop, strict=True))
    rates = {"graph": images / graph, "loop": images / loop, "ratio": loop / graph}
    typer.echo(json.dumps({**rates, "different_paths": different}, indent=2))


def timed(decode) -> tuple[float, Any]:
    """Seconds of a second call, all traced by the first, and what it gives."""
    decode()
    begun = time.perf_counter()
    paths = decode()
    return time.perf_counter() - begun, paths


def decoded(model: keras.Model, context: np.ndarray) -> list[tuple[int, ...]]:
    """Each image's path, by `LabelPaths`."""
    scores = model.predict(context, batch_size=BATCH, verbose=0)
    return [tuple(np.argsort(-row, kind="stable")[: (row > 0).sum()].tolist()) for row in scores]


def looped(decoder: LabelDecoder, step, context: np.ndarray, beam: int, longest: int) -> tuple[int, ...]:
    """One image's path, by a Python loop over steps and paths."""
    stop, ends = decoder.labels, []
    alive, state = [((), 0.0)], decoder.start(tf.constant(context[np.newaxis]))
    for _ in range(longest):
        tokens = [path[-1] if path else stop for path, _ in alive]
        logits, state = step(tf.constant(tokens), state)
        log_p = tf.nn.log_softmax(logits).numpy()
        longer = [(path, worth, -1) for path, worth in ends]
        for row, (path, worth) in enumerate(alive):
            for token in range(stop + 1):
                if token not in path and (path or token != stop):
                    longer.append(((*path, token), worth + log_p[row, token], row))
        best = sorted(longer, key=lambda one: -one[1])[:beam]
        ends = [(path, worth) for path, worth, _ in best if path[-1] == stop]
        alive = [(path, worth) for path, worth, _ in best if path[-1] != stop]
        if not alive:
            break
        state = [tf.gather(one, [row for path, _, row in best if path[-1] != stop]) for one in state]
    path, _ = max(ends + alive, key=lambda one: one[1])
    return tuple(label for label in path if label != stop)


if __name__ == "__main__":
    typer.run(main)
