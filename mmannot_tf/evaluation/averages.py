"""Evaluations of several runs, one a training seed, as means and spreads of every row. Numpy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmannot_tf.evaluation.metrics import SYMBOLS
from tfrecords_tools.shell.errors import UserError

QUANTITY_MEASURES = ("accuracy", "mse")


def averages(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every row's mean and standard deviation over runs.

    Args:
        evaluations: what `mmannot_tf.evaluation.rows.evaluate` returned for each run, of one split of
            the same records.

    Returns:
        A JSON document {"runs", "split", "images", "rows", "quantity"}: the rows that all runs have, in their
        order, as one run's evaluation has them but with means for scores, and with "spread": score → the
        standard deviation over runs (divisor n - 1; 0 for one run).

    Raises:
        UserError: the runs were evaluated on different splits or numbers of images.
    """
    first = evaluations[0]
    for one in evaluations[1:]:
        if (one["split"], one["images"]) != (first["split"], first["images"]):
            raise UserError(
                "Runs must be evaluated on the same images to be averaged. Received: "
                f"{first['images']:,} of {first['split']} and {one['images']:,} of {one['split']}."
            )
    return {
        "runs": len(evaluations),
        "split": first["split"],
        "images": first["images"],
        "rows": _averaged(evaluations, "rows", "method", tuple(SYMBOLS)),
        "quantity": _averaged(evaluations, "quantity", "features", QUANTITY_MEASURES),
    }


def _averaged(
    evaluations: Sequence[Mapping[str, Any]], part: str, name: str, measures: Sequence[str]
) -> list[dict[str, Any]]:
    by_name = [{row[name]: row for row in one[part]} for one in evaluations]
    shared = [row for row in evaluations[0][part] if all(row[name] in rows for rows in by_name)]
    return [_row(row, [rows[row[name]] for rows in by_name], measures) for row in shared]


def _row(
    row: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], measures: Sequence[str]
) -> dict[str, Any]:
    values = np.array([[run[measure] for measure in measures] for run in runs])
    spread = values.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(measures))
    kept = {key: value for key, value in row.items() if isinstance(value, str)}
    return {
        **kept,
        **dict(zip(measures, values.mean(axis=0).tolist(), strict=True)),
        "spread": dict(zip(measures, spread.tolist(), strict=True)),
    }
