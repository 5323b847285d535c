"""Every way to decide how many labels an image gets, side by side, and the best by evidence.

A way is fitted on one set of images and scored on another. Which way is best is chosen on the first set:
each fifth of it is decided by ways that were fitted on the other four.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mmannot_tf.decisions.calibration import (
    Method,
    best_method,
    calibration_error,
    fit_calibration,
    folds,
)
from mmannot_tf.decisions.catalogue import WAYS
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.way import Options, Scores, Way
from mmannot_tf.evaluation.document import INLINE, OPTIONAL
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.metrics import (
    AnnotationScores,
    ImageAverage,
    NeverPredicted,
    annotation_scores,
    f_beta,
    harmonic_mean,
)
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Bounds, RowPair
from mmannot_tf.evaluation.uncertainty import Uncertainty

LEAST_IMAGES = 10
"""Ways that are fitted on fewer images, or scored on fewer, say nothing."""
REFERENCES = ("predicted_quantity", "top_k")
"""The ways that others are compared with: the paper's, and that of a scorer without a regressor."""
CHOSEN_BY = ("image_f1", "class_f1", "harmonic_f1")
"""The measures that a best way is chosen by."""


@dataclass(frozen=True)
class Decided:
    """What a way decided.

    Attributes:
        selected: [N, C] bool, without labels of which nothing is known.
        estimate: of each image's quantity, [N] float.
    """

    selected: np.ndarray
    estimate: np.ndarray

    @classmethod
    def by(cls, fitted: FittedWay, scores: Scores) -> "Decided":
        """What a fitted way decides."""
        return cls(scores.scored(fitted.select(scores)), fitted.estimate(scores))


@dataclass(frozen=True)
class WayRow:
    """A way as measured.

    Attributes:
        way: its name.
        title: its name in tables.
        scores: in percent.
        quantity: how often the number of labels is right, percent; and the mean squared error of its
            estimate. None where no image's number of labels is known.
        validation: the measures of `CHOSEN_BY` on the images that the ways were fitted on, each fifth by
            ways that were fitted on the rest; in percent. Where β is not 1, they are F_β instead of F1.
        intervals: score → its interval in percent; empty without resampling.
    """

    way: str
    title: str
    scores: AnnotationScores = field(metadata=INLINE)
    quantity: QuantityScores | None = field(metadata=INLINE)
    validation: Mapping[str, float]
    intervals: Mapping[str, Bounds] = field(default_factory=dict, metadata=OPTIONAL)


@dataclass(frozen=True)
class WayComparison:
    """All ways for one scorer.

    Attributes:
        scorer: what the table calls it.
        images: how many images are scored.
        fitted_on: how many images the ways were fitted on.
        is_crossed: whether the scored images are these, each fifth decided by ways fitted on the rest.
        calibrated: how its scores become probabilities, where a way needs them.
        calibration_error: of the calibrated probabilities on the scored images, percent.
        uncalibrated_error: of the scores as they are; None where they are no probabilities.
        reference: the way that the others are compared with: predicted quantity, or top-k where there is
            none.
        rows: in the order of `decisions.catalogue.WAYS`.
        beta: the weight of recall, which ways maximise and the best is chosen by.
        pairs: each way against the reference; empty without resampling.
    """

    scorer: str
    images: int
    fitted_on: int
    is_crossed: bool
    calibrated: Method
    calibration_error: float
    uncalibrated_error: float | None
    reference: str
    rows: tuple[WayRow, ...]
    beta: float = 1.0
    pairs: tuple[RowPair, ...] = ()

    def row(self, way: str) -> WayRow:
        """The row of a way."""
        return next(row for row in self.rows if row.way == way)

    def best(self, measure: str) -> WayRow:
        """The way with the highest measure, one of `CHOSEN_BY`, on the images that the ways were fitted on.

        The true quantity is no choice. Among equal ways the first wins.
        """
        choices = [row for row in self.rows if row.way != "true_quantity"]
        return max(choices, key=lambda row: row.validation[measure])


@dataclass(frozen=True)
class HowScored:
    """How selections are scored; see `metrics.annotation_scores`."""

    never_predicted: NeverPredicted = "zero"
    image_average: ImageAverage = "sums"

    def scores(self, selected: np.ndarray, labels: np.ndarray) -> AnnotationScores:
        """Equations 6 and 7."""
        return annotation_scores(
            selected, labels, never_predicted=self.never_predicted, image_average=self.image_average
        )


def compare_ways(
    scorer: str,
    fit: Labelled,
    scored: Labelled | None,
    *,
    options: Options | None = None,
    calibrated: Method | None = None,
    how: HowScored | None = None,
    resampling: Resampling | None = None,
    ways: Sequence[type[Way]] = WAYS,
) -> WayComparison:
    """Compares all ways that the scores allow.

    Args:
        scorer: its name in tables.
        fit: the images that ways and calibration are fitted on.
        scored: the images that are scored; None for those of `fit`, each fifth by ways that were fitted on
            the rest.
        options: what the user demands.
        calibrated: how scores become probabilities; None for the method with the lowest log loss, by
            cross-validation on `fit`.
        how: how selections are scored.
        resampling: how intervals and paired tests are made; None for neither.
        ways: the ways to compare.
    """
    options, how = options or Options(), how or HowScored()
    has_quantity = fit.scores.quantity is not None
    ways = [way for way in ways if all(map(way.can_be_fitted, _fitted_on(fit)))]
    method = calibrated or best_method(
        fit.scores.probabilities, fit.labels, fit.scores.unknown, fit.on_probabilities
    )
    crossed, probabilities = _across_folds(ways, fit, options, method)
    decided, is_crossed = crossed, scored is None
    if scored is None:
        scored = fit
    else:
        decided, probabilities = _decided(ways, fit, scored.scores, options, method)
    comparison = WayComparison(
        scorer=scorer,
        images=len(scored.labels),
        fitted_on=len(fit.labels),
        is_crossed=is_crossed,
        calibrated=method,
        calibration_error=calibration_error(probabilities, scored.labels, scored.scores.unknown),
        uncalibrated_error=_error_as_they_are(scored),
        reference=REFERENCES[0] if has_quantity else REFERENCES[1],
        rows=tuple(
            WayRow(
                way.name,
                way.title,
                how.scores(decided[way.name].selected, scored.labels),
                quantity_of(decided[way.name], scored),
                _chosen_by(how.scores(crossed[way.name].selected, fit.labels), options.beta),
            )
            for way in ways
        ),
        beta=options.beta,
    )
    if resampling is None:
        return comparison
    return _with_uncertainty(comparison, decided, scored.labels, how, resampling)


def _fitted_on(fit: Labelled) -> list[Scores]:
    """The images that ways are fitted on: all, and where not all is known of them those of each fold."""
    parts = () if fit.scores.unknown is None else folds(len(fit.labels))
    return [fit.scores, *(fit.where(~held).scores for held in parts)]


def _decided(
    ways: Sequence[type[Way]], fit: Labelled, scores: Scores, options: Options, method: Method
) -> tuple[dict[str, Decided], np.ndarray]:
    """What each way decides on other images than it is fitted on, and their calibrated probabilities."""
    calibration = fit_calibration(
        method, fit.scores.probabilities, fit.labels, fit.scores.unknown, fit.on_probabilities
    )
    decided = {}
    for way in ways:
        fitted = FittedWay.fit(way, fit.scores, fit.labels, options, method, calibration)
        decided[way.name] = Decided.by(fitted, scores)
    return decided, calibration.apply(scores.probabilities)


def _across_folds(
    ways: Sequence[type[Way]], data: Labelled, options: Options, method: Method
) -> tuple[dict[str, Decided], np.ndarray]:
    """The same for each fold, fitted on the others, in the images' order."""
    images = len(data.labels)
    crossed = {way.name: Decided(np.zeros(data.labels.shape, bool), np.zeros(images)) for way in ways}
    probabilities = np.zeros(data.labels.shape)
    for inside in folds(images):
        decided, probabilities[inside] = _decided(
            ways, data.where(~inside), data.where(inside).scores, options, method
        )
        for name, of_fold in decided.items():
            crossed[name].selected[inside], crossed[name].estimate[inside] = (
                of_fold.selected,
                of_fold.estimate,
            )
    return crossed, probabilities


def _error_as_they_are(scored: Labelled) -> float | None:
    if not scored.on_probabilities:
        return None
    return calibration_error(scored.scores.probabilities, scored.labels, scored.scores.unknown)


def quantity_of(decided: Decided, scored: Labelled) -> QuantityScores | None:
    """How often the number of labels is right, and the mean squared error of its estimate.

    Of the images whose labels are all known; None without such images.
    """
    wanted = scored.scores.with_quantity
    true, given = scored.labels[wanted].sum(axis=1), decided.selected[wanted].sum(axis=1)
    if not len(true):
        return None
    return QuantityScores(
        accuracy=100 * float(np.mean(given == true)),
        mse=float(np.mean((decided.estimate[wanted].astype(np.float64) - true) ** 2)),
    )


def _chosen_by(scores: AnnotationScores, beta: float) -> dict[str, float]:
    if beta == 1:
        return {measure: getattr(scores, measure) for measure in CHOSEN_BY}
    by_image = f_beta(scores.image_precision, scores.image_recall, beta)
    by_class = f_beta(scores.class_precision, scores.class_recall, beta)
    return dict(zip(CHOSEN_BY, (by_image, by_class, harmonic_mean(by_image, by_class)), strict=True))


def _with_uncertainty(
    comparison: WayComparison,
    decided: Mapping[str, Decided],
    labels: np.ndarray,
    how: HowScored,
    resampling: Resampling,
) -> WayComparison:
    chosen = {name: way.selected for name, way in decided.items()}
    pairs = [(name, comparison.reference) for name in chosen if name != comparison.reference]
    uncertainty = Uncertainty(labels, resampling, how.never_predicted, how.image_average)
    measured = uncertainty.of(chosen, pairs, CHOSEN_BY)
    return replace(
        comparison,
        rows=tuple(replace(row, intervals=measured.intervals[row.way]) for row in comparison.rows),
        pairs=measured.pairs,
    )
