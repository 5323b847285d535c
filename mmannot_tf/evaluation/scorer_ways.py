"""The ways to decide, for every scorer of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.calibration import best_method, fit_calibration
from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES, WAYS
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.way import Options
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import QuantityRow
from mmannot_tf.evaluation.row_catalogue import FREQUENCIES, ROWS, Row
from mmannot_tf.evaluation.rows import annotating_row
from mmannot_tf.evaluation.ways import (
    LEAST_IMAGES,
    REFERENCES,
    Decided,
    HowScored,
    WayComparison,
    compare_ways,
    quantity_of,
)
from tfrecords_tools.shell.errors import UserError

BEST = "best"
"""The name of the way that validation picks."""


@dataclass(frozen=True)
class ChosenWay:
    """The way that decides for a scorer, with what it is worth.

    Attributes:
        ways: all ways, fitted on all images of the comparison.
        comparison: of this way with the paper's, on those images; of all ways, if it is the best of them.
    """

    ways: FittedWays
    comparison: WayComparison

    @property
    def fitted(self) -> FittedWay:
        """The way that decides."""
        return self.ways.decider


@dataclass(frozen=True)
class AnnotatorWays:
    """The ways that decide for an annotator.

    Attributes:
        tagged: for its heads.
        untagged: for its heads on f_v, which annotate images without a known tag; None where it has none.
    """

    tagged: ChosenWay
    untagged: ChosenWay | None


def choose_ways(
    name: str, fit: Predictions, settings: EvaluationSettings, *, beta: float = 1.0
) -> AnnotatorWays:
    """Fits the ways of the row that annotates images, and of the one for images without a known tag.

    Args:
        name: of a way, or "best" for the one with the highest I-F1 on `fit`, by cross-validation.
        fit: predictions of the split that ways are fitted on.
        settings: of the run, with `untagged` decided.
        beta: F_β is maximised, and measured to find the best; above 1 for recall, below for precision.

    Raises:
        UserError: there is no such way, it cannot decide for new images, no row annotates, or too few images.
    """
    if len(fit.ids) < LEAST_IMAGES:
        raise UserError(
            f"a way must be fitted on {LEAST_IMAGES} images. Received: {len(fit.ids)} of {fit.split}."
        )
    row = annotating_row(fit, settings)
    options = replace(options_of(settings), beta=beta)
    untagged = None if row.untagged is None else _chosen(name, row.untagged, fit, settings, options)
    return AnnotatorWays(_chosen(name, row, fit, settings, options), untagged)


def _chosen(
    name: str, row: Row, fit: Predictions, settings: EvaluationSettings, options: Options
) -> ChosenWay:
    exportable = [way.name for way in FOR_NEW_IMAGES]
    if name not in (BEST, *exportable):
        raise UserError(f"a way to decide must be paper, {BEST}, {', '.join(exportable)}. Received: {name}.")
    own = labelled(fit, row.scorer, row.quantity)
    compared = [way for way in WAYS if name in (BEST, way.name) or way.name in REFERENCES]
    comparison = compare_ways(
        row.method, own, None, options=options, how=_how_scored(settings), ways=compared
    )
    default = comparison.best("image_f1").way if name == BEST else name
    ways = FittedWays.fit(default, own.scores, own.labels, options, comparison.calibrated)
    if default not in ways.by_name:
        raise UserError(f"{row.method} has no predicted quantities for the way {default}.")
    return ChosenWay(ways, comparison)


def compare_scorers(
    fit: Predictions,
    scored: Predictions | None,
    settings: EvaluationSettings,
    *,
    only: str | None = None,
    resampling: Resampling | None = None,
) -> tuple[WayComparison, ...]:
    """Compares all ways for each scorer that ranks labels, the compared systems included.

    Args:
        fit: predictions of the split that ways are fitted on.
        scored: of the split that is scored; None for `fit` itself, each fifth by ways fitted on the rest.
        settings: k, the least quantity and the rounding of the ways, and how selections are scored.
        only: the key of one scorer; None for all.
        resampling: how intervals and paired tests are made; None for neither.

    Returns:
        A comparison a scorer, in the order of the tables; none for fewer than `LEAST_IMAGES` to fit on.
    """
    if len(fit.ids) < LEAST_IMAGES:
        return ()
    options, how = options_of(settings), _how_scored(settings)
    return tuple(
        compare_ways(
            row.method,
            labelled(fit, row.scorer, regressor),
            None if scored is None else labelled(scored, row.scorer, regressor),
            options=options,
            how=how,
            resampling=resampling,
        )
        for row, regressor in _scorers(fit)
        if only in (None, row.scorer) and (scored is None or row.scorer in scored.probabilities)
    )


def estimated_quantities(
    fit: Predictions, scored: Predictions, settings: EvaluationSettings
) -> tuple[QuantityRow, ...]:
    """Rows beside Tables V and VI: of the other ways that estimate a quantity, for scorers with a regressor.

    Args:
        fit: predictions of the split that ways are fitted on.
        scored: of another split.
        settings: of the run.
    """
    if len(fit.ids) < LEAST_IMAGES:
        return ()
    rows, ways = [], [way for way in WAYS if way.estimates_quantity and way is not PredictedQuantity]
    for row, regressor in _scorers(fit):
        if regressor is None or row.scorer not in scored.probabilities:
            continue
        own, there = (labelled(predictions, row.scorer, regressor) for predictions in (fit, scored))
        of_own = own.scores.probabilities, own.labels, own.scores.unknown
        method = best_method(*of_own)
        calibration = fit_calibration(method, *of_own)
        for way in ways:
            if not way.can_be_fitted(own.scores):
                continue
            fitted = FittedWay.fit(way, own.scores, own.labels, options_of(settings), method, calibration)
            scores = quantity_of(Decided.by(fitted, there.scores), there)
            if scores is not None:
                rows.append(QuantityRow(f"{row.method}, {way.title}", "ours", scores))
    return tuple(rows)


def regressor_of(scorer: str, predictions: Predictions) -> str | None:
    """The key of the regressor that the paper joins with a scorer; None if it joins none."""
    return next(_regressors(scorer, predictions), None)


def options_of(settings: EvaluationSettings) -> Options:
    """The options of the ways: k, least quantity and rounding of the run."""
    return Options(k=settings.k, least=settings.least_quantity, rounding=settings.quantity_rounding)


def _how_scored(settings: EvaluationSettings) -> HowScored:
    return HowScored(settings.never_predicted, settings.image_average)


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
            yield row, regressor_of(row.scorer, predictions)


def _regressors(scorer: str, predictions: Predictions) -> Iterator[str]:
    for row in ROWS:
        is_joined = row.scorer == scorer and row.visual in (None, predictions.visual) and row.untagged is None
        if is_joined and row.quantity is not None and row.quantity in predictions.quantity:
            yield row.quantity


def labelled(predictions: Predictions, scorer: str, regressor: str | None) -> Labelled:
    """The scores of a scorer, with the quantities of a regressor and the ground truth."""
    quantity: np.ndarray | None = None if regressor is None else predictions.quantity[regressor]
    scores = predictions.probabilities[scorer]
    return Labelled.of(scores, predictions.labels, quantity, predictions.unknown)
