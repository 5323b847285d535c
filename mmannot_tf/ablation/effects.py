"""Mean and spread of an ablation's rows over its seeds. Numpy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MEASURES = ("image_f1", "class_f1", "harmonic_f1")
"""What is summarised of each row, percent."""


def effects(evaluations: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """`{"variant", "method", measure: {"mean", "spread", "difference"}, …}` of every variant and row.

    The spread is the standard deviation over seeds (divisor n - 1; 0 for one seed). The difference is the
    mean, over seeds, of the variant's score minus the first variant's of the same seed. A row that a variant
    lacks for some seed, because training could not go on, is left out.

    Args:
        evaluations: by variant, the first being what the others are held against; one a seed, in one order.
    """
    first = next(iter(evaluations.values()))
    return [
        {
            "variant": variant,
            "method": row["method"],
            **{measure: _effect(runs, first, row["method"], measure) for measure in MEASURES},
        }
        for variant, runs in evaluations.items()
        for row in runs[0]["rows"]
        if all(_has(run, row["method"]) for run in runs)
    ]


def _has(run: Mapping[str, Any], method: str) -> bool:
    return any(row["method"] == method for row in run["rows"])


def _effect(
    runs: Sequence[Mapping[str, Any]], first: Sequence[Mapping[str, Any]], method: str, measure: str
) -> dict[str, float]:
    here, there = (np.array([_score(run, method, measure) for run in side]) for side in (runs, first))
    spread = float(here.std(ddof=1)) if len(here) > 1 else 0.0
    return {"mean": float(here.mean()), "spread": spread, "difference": float((here - there).mean())}


def _score(run: Mapping[str, Any], method: str, measure: str) -> float:
    return next(row[measure] for row in run["rows"] if row["method"] == method)
