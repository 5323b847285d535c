"""The ways to decide, for every scorer of a run."""

from collections.abc import Iterator

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.way import Options
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.row_catalogue import FREQUENCIES, ROWS, Row
from mmannot_tf.evaluation.ways import HowScored, Labelled, WayComparison, compare_ways


def compare_scorers(
    fit: Predictions,
    scored: Predictions | None,
    settings: EvaluationSettings,
    *,
    resampling: Resampling | None = None,
) -> tuple[WayComparison, ...]:
    """Compares all ways for each scorer that ranks labels, the compared systems included.

    Args:
        fit: predictions of the split that ways are fitted on.
        scored: of the split that is scored; None for `fit` itself, each fifth by ways fitted on the rest.
        settings: k, the least quantity and the rounding of the ways, and how selections are scored.
        resampling: how intervals and paired tests are made; None for neither.

    Returns:
        A comparison a scorer, in the order of the tables.
    """
    options = Options(k=settings.k, least=settings.least_quantity, rounding=settings.quantity_rounding)
    how = HowScored(settings.never_predicted, settings.image_average)
    return tuple(
        compare_ways(
            row.method,
            _labelled(fit, row.scorer, regressor),
            None if scored is None else _labelled(scored, row.scorer, regressor),
            options=options,
            how=how,
            resampling=resampling,
        )
        for row, regressor in _scorers(fit)
        if scored is None or row.scorer in scored.probabilities
    )


def _scorers(predictions: Predictions) -> Iterator[tuple[Row, str | None]]:
    """The row of each scorer that ranks labels, and the regressor that the paper joins with it, if any."""
    for row in ROWS:
        if (
            row.selection != "top_k"
            or row.scorer == FREQUENCIES
            or row.scorer not in predictions.probabilities
        ):
            continue
        if row.visual in (None, predictions.visual):
            yield row, next(_regressors(row.scorer, predictions), None)


def _regressors(scorer: str, predictions: Predictions) -> Iterator[str]:
    for row in ROWS:
        is_joined = row.scorer == scorer and row.visual in (None, predictions.visual) and row.untagged is None
        if is_joined and row.quantity is not None and row.quantity in predictions.quantity:
            yield row.quantity


def _labelled(predictions: Predictions, scorer: str, regressor: str | None) -> Labelled:
    quantity: np.ndarray | None = None if regressor is None else predictions.quantity[regressor]
    return Labelled.of(predictions.probabilities[scorer], predictions.labels, quantity)
