"""The cost of more labels: the decision after f and beam search, with 1,000 and 10,000 labels instead of 81.

    python benchmarks/labels.py [--smoke] [--json FILE]

Heads are the paper's, on 4,096 features of 32 images; the beam search keeps 3 paths of at most 5 labels.
Memory is the growth of the largest resident set of a separate process: weights, two passes. `evaluation.py`
and `arrays.py` measure evaluation and arrays with more labels.
"""

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated

import numpy as np
import tensorflow as tf
import typer
from harness import (
    LINEAR,
    Answer,
    JsonOption,
    SmokeOption,
    apiece,
    compare,
    largest_resident_mib,
    report,
    single,
)
from label_decoder import beam_search, decoded, drawn_contexts

from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.decision import build_decision
from mmannot_tf.models.quantity_regressor import build_quantity_regressor

SIZES = (81, 1_000, 10_000)
"""Labels."""
BATCH, WIDTH, PASSES = 32, 4096, 20


def main(
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
    memory_of: Annotated[int, typer.Option(hidden=True, help="The decision's MiB at so many labels.")] = 0,
) -> None:
    """Prints the ratios."""
    if memory_of:
        typer.echo(_memory(memory_of))
        return
    sizes, pairs = ((9, 20, 50), 1) if smoke else (SIZES, 5)
    answers = [
        _a_label(what, few, many, made, pairs)
        for few, many in itertools.pairwise(sizes)
        for what, made in (("the decision behind f, time", _decided), ("beam search of 3, time", _searched))
    ]
    answers.append(_memory_a_label(*sizes[-2:]))
    report(answers, json_file)


def _a_label(
    what: str, few: int, many: int, made: Callable[[int], Callable[[], object]], pairs: int
) -> Answer:
    answer = compare(
        f"{what} a label, {many:,} over {few:,} labels",
        (f"{many:,} labels", made(many)),
        (f"{few:,} labels", made(few)),
        pairs=pairs,
        goal=LINEAR,
    )
    return apiece(answer, many / few)


def _decided(labels: int) -> Callable[[], object]:
    """The time of logits, predicted quantity, selection and order of a batch."""
    heads = (
        build_classifier(WIDTH, labels, name="classifier"),
        build_quantity_regressor(WIDTH, name="quantity"),
    )
    decision = build_decision(*heads)
    compute = tf.function(lambda batch: decision(batch, training=False))
    features = tf.constant(np.random.default_rng(0).normal(size=(BATCH, WIDTH)), tf.float32)
    return lambda: [compute(features)["order"] for _ in range(PASSES)][-1].numpy()


def _searched(labels: int) -> Callable[[], object]:
    """The time of the paths of a batch."""
    _, model = beam_search(labels, beam=3, longest=5)
    contexts = drawn_contexts(BATCH)
    return lambda: decoded(model, contexts)


def _memory_a_label(few: int, many: int) -> Answer:
    sizes = [(f"MiB, {labels:,} labels", _in_a_process(labels)) for labels in (many, few)]
    answer = single(f"memory of the decision a label, {many:,} over {few:,} labels", *sizes, goal=LINEAR)
    return apiece(answer, many / few)


def _in_a_process(labels: int) -> float:
    command = [sys.executable, __file__, "--memory-of", str(labels)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _memory(labels: int) -> float:
    """The growth of this process' largest resident set in the decision, MiB. Linux only."""
    begun = largest_resident_mib()
    _decided(labels)()
    return largest_resident_mib() - begun


if __name__ == "__main__":
    typer.run(main)
