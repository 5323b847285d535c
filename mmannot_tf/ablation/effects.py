"""Mean and spread of an ablation's rows over its seeds. Numpy only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mmannot_tf.evaluation.document import INLINE
from mmannot_tf.evaluation.results import Evaluation

Measure = Literal["image_f1", "class_f1", "harmonic_f1"]
MEASURES: tuple[Measure, ...] = ("image_f1", "class_f1", "harmonic_f1")
"""The measures that are summarised of each row, percent."""


@dataclass(frozen=True)
class Summary:
    """One measure over seeds.

    Attributes:
        mean: in percent.
        spread: the standard deviation (divisor n - 1; 0 for one seed).
        difference: the mean, over seeds, of the variant's score minus the first variant's of the same seed.
    """

    mean: float
    spread: float
    difference: float


@dataclass(frozen=True)
class Effect:
    """A row of one variant over its seeds.

    Attributes:
        variant: the variant's name.
        method: the row's.
        summaries: of each measure.
    """

    variant: str
    method: str
    summaries: Mapping[Measure, Summary] = field(metadata=INLINE)


def effects(evaluations: Mapping[str, Sequence[Evaluation]]) -> list[Effect]:
    """The effect of every variant on every row.

    Leaves out a row that a variant lacks for some seed, because its training could not finish.

    Args:
        evaluations: by variant, one a seed, in one order of seeds. The first variant is the reference.
    """
    reference = next(iter(evaluations.values()))
    return [
        Effect(
            variant,
            row.method,
            {measure: _summary(runs, reference, row.method, measure) for measure in MEASURES},
        )
        for variant, runs in evaluations.items()
        for row in runs[0].rows
        if all(any(other.method == row.method for other in run.rows) for run in runs)
    ]


def _summary(
    runs: Sequence[Evaluation], reference: Sequence[Evaluation], method: str, measure: Measure
) -> Summary:
    scores, reference_scores = (
        np.array([_score(run, method, measure) for run in side]) for side in (runs, reference)
    )
    spread = float(scores.std(ddof=1)) if len(scores) > 1 else 0.0
    return Summary(float(scores.mean()), spread, float((scores - reference_scores).mean()))


def _score(run: Evaluation, method: str, measure: Measure) -> float:
    return next(row.measures[measure] for row in run.rows if row.method == method)
