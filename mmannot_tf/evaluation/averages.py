"""Evaluations of several runs, one a training seed, as means and spreads of every row. Numpy only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import TypeVar

import numpy as np

from mmannot_tf.evaluation.document import INLINE, OPTIONAL
from mmannot_tf.evaluation.metrics import AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.evaluation.results import Evaluation, QuantityRow, ScoredRow, Selection, Source
from mmannot_tf.evaluation.ways import CHOSEN_BY, WayComparison, WayRow
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError

Scores = TypeVar("Scores", AnnotationScores, QuantityScores)


@dataclass(frozen=True)
class AveragedRow:
    """A row of Tables I to IV over several runs.

    Attributes:
        method: its name in the table.
        source: as `mmannot_tf.evaluation.row_catalogue.Row` has it.
        selection: how its labels are selected.
        means: of the scores, percent.
        spread: the scores' standard deviations (divisor n - 1; 0 for one run).
        mean_average_precision: the mean, in percent; of rows by threshold only.
    """

    method: str
    source: Source
    selection: Selection
    means: AnnotationScores = field(metadata=INLINE)
    spread: AnnotationScores
    mean_average_precision: float | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True)
class AveragedQuantity:
    """A row of Tables V and VI over several runs; fields as in `AveragedRow`."""

    features: str
    source: Source
    means: QuantityScores = field(metadata=INLINE)
    spread: QuantityScores


@dataclass(frozen=True)
class Averages:
    """Several runs' rows.

    Attributes:
        runs: how many.
        split: the split that all were evaluated on.
        images: how many images it has.
        classes: C.
        rows: of Tables I to IV, those that all runs have.
        quantity: of Tables V and VI, likewise.
        unknown: how many pairs of an image and a label are left out; see `results.Evaluation`.
    """

    runs: int
    split: str
    images: int
    classes: int
    rows: tuple[AveragedRow, ...]
    quantity: tuple[AveragedQuantity, ...]
    unknown: int | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True)
class AveragedWay:
    """A way to decide over several runs.

    Attributes:
        way: its name.
        title: its name in tables.
        means: I-F1, C-F1, H-F1, accuracy and MSE of the quantity, by name; as in `ways.WayRow`.
        spread: their standard deviations (divisor n - 1; 0 for one run).
    """

    way: str
    title: str
    means: Mapping[str, float]
    spread: Mapping[str, float]


@dataclass(frozen=True)
class AveragedWays:
    """The ways for one scorer over several runs.

    Attributes:
        scorer: its name in tables.
        runs: how many.
        images: how many are scored.
        fitted_on: how many images the ways were fitted on.
        rows: in the order of the tables.
    """

    scorer: str
    runs: int
    images: int
    fitted_on: int
    rows: tuple[AveragedWay, ...]


def average_ways(runs: Sequence[Sequence[WayComparison]]) -> tuple[AveragedWays, ...]:
    """The means of each way over runs, for the scorers that all runs have.

    Args:
        runs: the comparisons of each, of one split of the same records.
    """
    scorers = [{comparison.scorer: comparison for comparison in run} for run in runs]
    shared = [name for name in scorers[0] if all(name in run for run in scorers)]
    return tuple(_averaged_ways([run[name] for run in scorers]) for name in shared)


def _averaged_ways(runs: Sequence[WayComparison]) -> AveragedWays:
    first = runs[0]
    rows = []
    for row in first.rows:
        values = [_measures_of(run.row(row.way)) for run in runs]
        table = np.array([list(of_run.values()) for of_run in values])
        spread = table.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(table.shape[1])
        means = dict(zip(values[0], table.mean(axis=0).tolist(), strict=True))
        rows.append(AveragedWay(row.way, row.title, means, dict(zip(means, spread.tolist(), strict=True))))
    return AveragedWays(first.scorer, len(runs), first.images, first.fitted_on, tuple(rows))


def _measures_of(row: WayRow) -> dict[str, float]:
    scores = {measure: getattr(row.scores, measure) for measure in CHOSEN_BY}
    return {**scores, **({} if row.quantity is None else asdict(row.quantity))}


def averages(evaluations: Sequence[Evaluation]) -> Averages:
    """Every row's mean and standard deviation over runs.

    Args:
        evaluations: one a run, all of one split of the same records.

    Raises:
        UserError: the runs were evaluated on different splits, or on other numbers of images or labels.
    """
    first = evaluations[0]
    check_same([set_in_words(each.images, each.split, each.classes, each.unknown) for each in evaluations])
    rows = [{row.method: row for row in evaluation.rows} for evaluation in evaluations]
    quantities = [{row.features: row for row in evaluation.quantity} for evaluation in evaluations]
    return Averages(
        runs=len(evaluations),
        split=first.split,
        images=first.images,
        classes=first.classes,
        rows=tuple(
            _row([rows_of_run[row.method] for rows_of_run in rows])
            for row in first.rows
            if all(row.method in rows_of_run for rows_of_run in rows)
        ),
        quantity=tuple(
            _quantity([rows_of_run[row.features] for rows_of_run in quantities])
            for row in first.quantity
            if all(row.features in rows_of_run for rows_of_run in quantities)
        ),
        unknown=first.unknown,
    )


def set_in_words(images: int, split: str, classes: int, unknown: int | None = None) -> str:
    """What is evaluated, in words."""
    left_out = "" if unknown is None else f", {unknown:,} pairs of them unknown"
    return f"{counted(images, 'image')} of {split} with {counted(classes, 'label')}{left_out}"


def check_same(sets: Sequence[str]) -> None:
    """Checks that runs are evaluated on the same set, each from `set_in_words`.

    Raises:
        UserError: they are not.
    """
    for other in sets[1:]:
        if other != sets[0]:
            raise UserError(
                "Runs must be evaluated on the same images and labels to be averaged. Received: "
                f"{sets[0]} and {other}."
            )


def _row(runs: Sequence[ScoredRow]) -> AveragedRow:
    means, spread = _means_and_spread([run.scores for run in runs])
    precisions = [run.mean_average_precision for run in runs if run.mean_average_precision is not None]
    precision = float(np.mean(precisions)) if precisions else None
    return AveragedRow(runs[0].method, runs[0].source, runs[0].selection, means, spread, precision)


def _quantity(runs: Sequence[QuantityRow]) -> AveragedQuantity:
    means, spread = _means_and_spread([run.scores for run in runs])
    return AveragedQuantity(runs[0].features, runs[0].source, means, spread)


def _means_and_spread(scores: Sequence[Scores]) -> tuple[Scores, Scores]:
    values = np.array([astuple(of_run) for of_run in scores])
    spread = values.std(axis=0, ddof=1) if len(scores) > 1 else np.zeros(values.shape[1])
    make = type(scores[0])
    return make(*values.mean(axis=0).tolist()), make(*spread.tolist())
