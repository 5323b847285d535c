"""Beam search in graph compared with a Python loop over the images, with the same weights.

    python benchmarks/label_decoder.py [--images 100] [--labels 81] [--beam 3] [--smoke] [--json FILE]

The loop decodes one image at a time, with one compiled call per step of all its paths. Both decode with the
same random weights and must give the same paths; where two differ, their log-probabilities must be equal up
to rounding.
"""

from collections.abc import Callable
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
import typer
from harness import JsonOption, SmokeOption, compare, report

from mmannot_tf.baselines.label_decoder import LabelDecoder, LabelPaths, State

BATCH, UNITS = 256, 512

ROUNDING = 1e-4
"""Two log-probabilities that differ by less count as equal."""

Path = tuple[int, ...]
Step = Callable[[tf.Tensor, State], tuple[tf.Tensor, State]]


def main(
    images: Annotated[int, typer.Option(help="How many are decoded.")] = 100,
    labels: Annotated[int, typer.Option(help="C.")] = 81,
    beam: Annotated[int, typer.Option(help="Paths kept.")] = 3,
    longest: Annotated[int, typer.Option(help="Most labels of a path.")] = 5,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints the speed-up of the graph over the loop."""
    images = min(images, 8) if smoke else images
    decoder, model = beam_search(labels, beam=beam, longest=longest)
    contexts = drawn_contexts(images)
    step = tf.function(decoder.step, reduce_retracing=True)

    def loop() -> list[Path]:
        return [looped(decoder, step, context, beam, longest) for context in contexts]

    different = check(decoder, step, contexts, decoded(model, contexts), loop(), longest=longest)
    answer = compare(
        f"beam search of {beam} over {labels} labels, times as fast as a Python loop",
        (f"in graph, {images} images", lambda: decoded(model, contexts)),
        ("a loop over images, steps and paths", loop),
        pairs=1 if smoke else 3,
        goal=("at least", 1.0),
        faster=True,
        note=f"{different} of {images} paths differ, and are worth the same",
    )
    report([answer], json_file)


def beam_search(labels: int, *, beam: int, longest: int) -> tuple[LabelDecoder, keras.Model]:
    """A decoder with random weights, and the model from contexts to its paths."""
    keras.utils.set_random_seed(0)
    decoder = LabelDecoder(labels, embedding=64, units=UNITS, sets_cell=False)
    decoder(np.zeros((1, 1), np.int32), drawn_contexts(1))
    inputs = keras.Input((UNITS,))
    paths = LabelPaths(decoder, beam=beam, max_labels=longest, stops=True)
    return decoder, keras.Model(inputs, paths(inputs))


def drawn_contexts(images: int) -> np.ndarray:
    """Random contexts that a decoder starts from, [B, UNITS] float32."""
    return np.random.default_rng(0).normal(size=(images, UNITS)).astype(np.float32)


def check(
    decoder: LabelDecoder,
    step: Step,
    contexts: np.ndarray,
    ours: list[Path],
    theirs: list[Path],
    *,
    longest: int,
) -> int:
    """The number of different paths.

    Raises:
        SystemExit: two paths of the same image have different log-probabilities.
    """
    different = 0
    for context, path, reference in zip(contexts, ours, theirs, strict=True):
        if path != reference:
            different += 1
            gap = [worth(decoder, step, context, candidate, longest) for candidate in (path, reference)]
            if abs(gap[0] - gap[1]) > ROUNDING:
                raise SystemExit(f"Paths must be worth the same. Received: {path} and {reference}, {gap}.")
    return different


def worth(decoder: LabelDecoder, step: Step, context: np.ndarray, path: Path, longest: int) -> float:
    """A path's summed log-probability, including its stop, if any."""
    stop, total, state = decoder.labels, 0.0, decoder.start(tf.constant(context[np.newaxis]))
    said = path if len(path) == longest else (*path, stop)
    for told, next_one in zip((stop, *said), said, strict=False):
        logits, state = step(tf.constant([told]), state)
        total += float(tf.nn.log_softmax(logits)[0, next_one])
    return total


def decoded(model: keras.Model, context: np.ndarray) -> list[Path]:
    """Each image's path, by `LabelPaths`."""
    scores = model.predict(context, batch_size=BATCH, verbose=0)
    return [tuple(np.argsort(-row, kind="stable")[: (row > 0).sum()].tolist()) for row in scores]


def looped(decoder: LabelDecoder, step: Step, context: np.ndarray, beam: int, longest: int) -> Path:
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
        best = sorted(longer, key=lambda path: -path[1])[:beam]
        ends = [(path, worth) for path, worth, _ in best if path[-1] == stop]
        alive = [(path, worth) for path, worth, _ in best if path[-1] != stop]
        if not alive:
            break
        state = [tf.gather(array, [row for path, _, row in best if path[-1] != stop]) for array in state]
    path, _ = max(ends + alive, key=lambda path: path[1])
    return tuple(label for label in path if label != stop)


if __name__ == "__main__":
    typer.run(main)
