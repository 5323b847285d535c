"""How many labels the annotating row should give, as curves and points: for the page about a run."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.calibration import reliability
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import Override
from mmannot_tf.decisions.true_quantity import TrueQuantity
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.rows import annotating_row
from mmannot_tf.evaluation.scorer_ways import compare_scorers, labelled, options_of, regressor_of
from mmannot_tf.evaluation.ways import LEAST_IMAGES, WayComparison

FAVOURED = {"expected F, beta 0.5": 0.5, "expected F, beta 2": 2.0}
"""The points that favour precision or recall, and their β."""
_CURVE = 400
"""The most points of the curve."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of probabilities against the shares that are true.

    Attributes:
        name: "as they are", or the method of calibration.
        predicted: each bin's mean probability, [B] float.
        true: the share of its pairs of an image and a label that are true, [B] float.
        pairs: how many pairs, [B] int.
    """

    name: str
    predicted: np.ndarray
    true: np.ndarray
    pairs: np.ndarray


@dataclass(frozen=True)
class Point:
    """A way in the plane of recall and precision: sums over all images, as in I-R and I-P, in percent."""

    name: str
    recall: float
    precision: float


@dataclass(frozen=True, eq=False)
class HowMany:
    """What a page shows about the number of labels.

    Attributes:
        comparison: of all ways, for the scorer of the row that annotates.
        reliabilities: of the scores as they are, if they are probabilities, and calibrated.
        recall: of all thresholds, from the highest to the lowest, percent, [T] float.
        precision: likewise.
        points: the paper's way, top-k, the true quantity, the way that validation picks, and F_β that
            favours precision or recall.
    """

    comparison: WayComparison
    reliabilities: tuple[Reliability, ...]
    recall: np.ndarray
    precision: np.ndarray
    points: tuple[Point, ...]


def how_many(
    fit: Predictions,
    scored: Predictions,
    settings: EvaluationSettings,
    *,
    resampling: Resampling | None = None,
) -> HowMany | None:
    """Compares the ways for the scorer of the row that annotates, and draws its curves.

    Args:
        fit: predictions of the split that ways are fitted on.
        scored: of the split that is scored, another one.
        settings: of the run, with `untagged` decided.
        resampling: how intervals and paired tests are made; None for neither.

    Returns:
        None for fewer than `LEAST_IMAGES` images to fit on.
    """
    if len(fit.ids) < LEAST_IMAGES:
        return None
    scorer = annotating_row(fit, settings).scorer
    (comparison,) = compare_scorers(fit, scored, settings, only=scorer, resampling=resampling)
    own, there = (labelled(predictions, scorer, regressor_of(scorer, fit)) for predictions in (fit, scored))
    best = comparison.best("image_f1").way
    ways = FittedWays.fit(best, own.scores, own.labels, options_of(settings), comparison.calibrated)
    recall, precision = _curve(there)
    return HowMany(
        comparison,
        tuple(_reliabilities(there, ways, comparison.calibrated)),
        recall,
        precision,
        tuple(_points(there, ways, comparison)),
    )


def _curve(data: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision above each threshold, in percent; at most `_CURVE` of all."""
    known = data.scores.known
    scores, labels = data.scores.probabilities[known].ravel(), data.labels[known].ravel()
    correct = np.cumsum(labels[np.argsort(-scores, kind="stable")])
    given = np.arange(1, len(correct) + 1)
    shown = np.unique(np.linspace(0, len(correct) - 1, min(_CURVE, len(correct))).astype(int))
    return 100 * correct[shown] / max(correct[-1], 1), 100 * correct[shown] / given[shown]


def _reliabilities(data: Labelled, ways: FittedWays, method: str) -> Iterator[Reliability]:
    scores, unknown = data.scores.probabilities, data.scores.unknown
    if data.on_probabilities:
        yield Reliability("as they are", *reliability(scores, data.labels, unknown))
    if method != "none":
        calibrated = ways.by_name["expected_f"].probabilities(scores)
        yield Reliability(f"calibrated ({method})", *reliability(calibrated, data.labels, unknown))


def _points(data: Labelled, ways: FittedWays, comparison: WayComparison) -> Iterator[Point]:
    scores, labels = data.scores, data.labels
    named = dict.fromkeys((comparison.reference, "top_k", ways.default))
    for name in named:
        title = comparison.row(name).title
        chosen = f"{title}, best on validation" if name == ways.default else title
        yield _point(chosen, scores.scored(ways.by_name[name].select(scores)), labels)
    yield _point("true quantity", scores.scored(TrueQuantity().select(scores)), labels)
    for title, beta in FAVOURED.items():
        favoured = ways.under(Override("expected_f", beta=beta))
        yield _point(title, scores.scored(favoured.select(scores)), labels)


def _point(name: str, selected: np.ndarray, labels: np.ndarray) -> Point:
    correct = np.count_nonzero(selected & labels)
    recall, precision = correct / max(labels.sum(), 1), correct / max(selected.sum(), 1)
    return Point(name, 100 * float(recall), 100 * float(precision))
