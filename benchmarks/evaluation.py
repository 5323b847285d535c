"""Evaluation of all rows on NUS-WIDE's full test split: time, memory, growth, comparison with scikit-learn.

    python benchmarks/evaluation.py [--smoke] [--json FILE]

Predictions are random: logits of unit variance, 3 higher where a label is true, 2.4 true labels per image.
The limits are 2 seconds and 500 MB. Ours selects and scores; scikit-learn scores our selections, and both
must give the same numbers. Both run in one thread. Memory is tracemalloc's peak above the predictions, with
all NumPy arrays. Needs the extra `test`.
"""

import itertools
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from harness import LINEAR, Answer, JsonOption, SmokeOption, apiece, compare, quartiles, report, single
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from typer import run

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import LEAST_DRAWS, Resampling
from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.evaluation.rows import ROWS, evaluate, select

IMAGES, LABELS = 107_859, 81
"""NUS-WIDE's official test list and concepts."""
SECONDS, MEGABYTES = 2.0, 500.0
"""The limits."""
IN_IMAGES = ((1_000, LABELS), (10_000, LABELS), (100_000, LABELS))
IN_LABELS = ((1_000, LABELS), (1_000, 1_000), (1_000, 10_000))
SETTINGS = EvaluationSettings()
BY_THRESHOLD = f", p > {SETTINGS.threshold:g}"


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints time and memory, compared with the limits, scikit-learn and smaller sizes."""
    shrink, pairs, draws = (100, 2, LEAST_DRAWS) if smoke else (1, 3, Resampling().draws)
    whole = made_up(IMAGES // shrink, LABELS)
    answers = [
        limit_of_seconds(whole, runs=pairs),
        limit_of_memory(whole),
        beside_scikit_learn(whole),
        with_intervals(whole, draws=draws),
    ]
    del whole
    for sizes in (IN_IMAGES, IN_LABELS):
        made = [made_up(images // shrink, labels) for images, labels in sizes]
        for small, large in itertools.pairwise(made):
            answers += [growth_of_seconds(small, large, pairs=pairs), growth_of_memory(small, large)]
    report(answers, json_file)


def made_up(images: int, labels: int) -> Predictions:
    """Random predictions of every stage of the method."""
    rng = np.random.default_rng(0)
    truth = rng.random((images, labels), np.float32) < 2.4 / labels

    def probabilities() -> np.ndarray:
        logits = rng.standard_normal(truth.shape, np.float32) + 3 * truth.astype(np.float32) - 3
        return 1 / (1 + np.exp(-logits))

    def quantity() -> np.ndarray:
        return (truth.sum(axis=1) + rng.standard_normal(images)).astype(np.float32)

    return Predictions(
        split="test",
        digest="made up",
        ids=tuple(map(str, range(images))),
        labels=truth,
        label_names=tuple(map(str, range(labels))),
        probabilities={name: probabilities() for name in ("cnn", "ms_cnn", "tag_encoder", "classifier")},
        quantity={name: quantity() for name in ("quantity_visual", "quantity")},
        label_frequencies=truth.mean(axis=0, dtype=np.float32),
    )


def evaluation(predictions: Predictions, resampling: Resampling | None = None) -> Callable[[], Evaluation]:
    """The work of `mmannot evaluate` after it has read predictions."""
    return lambda: evaluate(predictions, SETTINGS, readings={}, resampling=resampling)


def limit_of_seconds(predictions: Predictions, *, runs: int) -> Answer:
    """Beside the limit."""
    evaluation(predictions)()
    timed = [seconds(evaluation(predictions)) for _ in range(runs)]
    wall, cpu = (statistics.median(clock) for clock in zip(*timed, strict=True))
    return Answer(
        f"evaluation of {told(predictions)}",
        ("seconds, all rows and metrics", wall),
        ("seconds, the limit", SECONDS),
        wall / SECONDS,
        quartiles([count / SECONDS for count, _ in timed]),
        ("at most", 1.0),
        f"{wall:.2f} s on the wall's clock, {cpu:.2f} s of one core",
    )


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Elapsed seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def limit_of_memory(predictions: Predictions) -> Answer:
    """Beside the limit."""
    peak = megabytes(evaluation(predictions))
    return single(
        f"memory of evaluating {told(predictions)}",
        ("MB above the predictions", peak),
        ("MB, the limit", MEGABYTES),
        goal=("at most", 1.0),
    )


def megabytes(call: Callable[[], object]) -> float:
    """The peak of allocated memory."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def beside_scikit_learn(predictions: Predictions) -> Answer:
    """The speed-up over scikit-learn's functions, which must give the same numbers."""
    rows = evaluation(predictions)().rows
    chosen = selections([row.method for row in rows], predictions)
    theirs: dict[str, dict[str, float]] = {}
    answer = compare(
        f"evaluation of {told(predictions)}, times as fast as scikit-learn",
        ("all rows and metrics", evaluation(predictions)),
        ("scikit-learn", lambda: theirs.update(by_scikit_learn(chosen, predictions.labels))),
        pairs=1,  # a call of scikit-learn takes half a minute, so no call is a warm-up
        warm_up=False,
        faster=True,
        goal=("at least", 1.0),
        note="scikit-learn is handed the selections, which ours makes; the numbers agree",
    )
    for row in rows:
        for measure, value in theirs[row.method].items():
            assert_allclose(row.measures[measure], value, rtol=1e-6, err_msg=f"{measure} of {row.method}")
    return answer


def selections(
    methods: list[str], predictions: Predictions
) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Each row's selected labels, and the probabilities for mAP of rows that select by threshold."""
    chosen: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for row in ROWS:
        if row.method in methods:
            chosen[row.method] = np.array(select(row, predictions, SETTINGS)), None
        if row.method + BY_THRESHOLD in methods:
            probabilities = predictions.probabilities[row.scorer]
            chosen[row.method + BY_THRESHOLD] = probabilities > SETTINGS.threshold, probabilities
    return chosen


def by_scikit_learn(
    chosen: dict[str, tuple[np.ndarray, np.ndarray | None]], labels: np.ndarray
) -> dict[str, dict[str, float]]:
    """Precision and recall over classes and over all, I-F1 and mAP of every row, percent.

    Recall and mAP leave out a class without a true label, as ours do.
    """
    present, scores = labels.any(axis=0), {}
    for method, (selected, probabilities) in chosen.items():
        precision, recall, _, _ = precision_recall_fscore_support(
            labels, selected, average=None, zero_division=0
        )
        micro = precision_recall_fscore_support(labels, selected, average="micro", zero_division=0)
        scores[method] = {
            "class_precision": 100 * precision.mean(),
            "class_recall": 100 * recall[present].mean(),
            "image_precision": 100 * micro[0],
            "image_recall": 100 * micro[1],
            "image_f1": 100 * micro[2],
        }
        if probabilities is not None:
            mean = average_precision_score(labels[:, present], probabilities[:, present], average="macro")
            scores[method]["mean_average_precision"] = 100 * mean
    return scores


def with_intervals(predictions: Predictions, *, draws: int) -> Answer:
    """The additional cost of bootstrap intervals and paired tests, measured once."""
    plain, _ = seconds(evaluation(predictions))
    resampled, _ = seconds(evaluation(predictions, Resampling(draws=draws)))
    return single(
        f"evaluation of {told(predictions)} with intervals",
        (f"with {draws:,} draws for intervals and as many for tests", resampled),
        ("without", plain),
        note=f"{resampled - plain:.1f} s on top, matrix products on all cores; no limit is set for them",
    )


def growth_of_seconds(small: Predictions, large: Predictions, *, pairs: int) -> Answer:
    """The larger size's time per value over the smaller one's."""
    times = large.labels.size / small.labels.size
    answer = compare(
        f"time a value, {told(large)} over {told(small)}",
        (told(large), evaluation(large)),
        (told(small), evaluation(small)),
        pairs=pairs,
        goal=LINEAR,
        note=f"{times:.4g} times the values; sorting a part of them costs a logarithm",
    )
    return apiece(answer, times)


def growth_of_memory(small: Predictions, large: Predictions) -> Answer:
    """The larger size's memory per value over the smaller one's."""
    times = large.labels.size / small.labels.size
    answer = single(
        f"memory a value, {told(large)} over {told(small)}",
        (f"MB, {told(large)}", megabytes(evaluation(large))),
        (f"MB, {told(small)}", megabytes(evaluation(small))),
        goal=LINEAR,
    )
    return apiece(answer, times)


def told(predictions: Predictions) -> str:
    """Its size."""
    images, labels = predictions.labels.shape
    return f"{images:,} x {labels:,}"


if __name__ == "__main__":
    run(main)
