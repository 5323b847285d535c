"""Scores as probabilities that can be relied on: among pairs with probability p, a share of p is true.

The sources are Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural networks" (ICML 2017) for the
temperature and the calibration error; Platt, "Probabilistic outputs for support vector machines" (1999); and
Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates" (KDD 2002)
for isotonic regression.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Literal, Self

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, clean
from mmannot_tf.decisions.maximum_likelihood import LARGEST_ODDS, maximum_likelihood
from mmannot_tf.decisions.unknown_labels import known_pairs

Method = Literal["none", "temperature", "platt", "isotonic"]
METHODS: tuple[Method, ...] = ("none", "temperature", "platt", "isotonic")

FOLDS = 5
"""Of the cross-validation that chooses calibrations and ways."""
ROUNDING = 1e-6
"""Ours: how far beyond 0 or 1 a probability may lie, as sums in float32 do."""
_EDGE = 1e-6  # a logit of ±13.8; float32 tells probabilities near 1 by 6e-8
_KNOTS = 64
_FARTHEST = 1e38  # the distance of two such knots is a float32


def logits(probabilities: Array, xp: ModuleType = np) -> Array:
    """The log odds; those of 0 and 1 are finite."""
    clipped = xp.clip(clean(probabilities, xp), _EDGE, 1.0 - _EDGE)
    return xp.log(clipped) - xp.log(1.0 - clipped)


@dataclass(frozen=True)
class Uncalibrated:
    """Scores as they are."""

    def apply(self, scores: Array, xp: ModuleType = np) -> Array:
        """The scores."""
        return scores


@dataclass(frozen=True)
class Sigmoid:
    """sigmoid(slope · x + intercept), where x is the log odds of a probability, or a score as it is.

    Attributes:
        slope: one for all labels, or one a label in label order.
        intercept: as `slope`.
        of_logits: whether x is the log odds.
    """

    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    of_logits: bool

    @classmethod
    def fit(
        cls,
        scores: np.ndarray,
        labels: np.ndarray,
        unknown: np.ndarray | None = None,
        on_probabilities: bool | None = None,
        *,
        per_label: bool,
    ) -> Self:
        """Maximum likelihood.

        Args:
            scores: [N, C] float, finite; probabilities where one slope is for all labels.
            labels: the ground truth, [N, C] bool.
            unknown: pairs of which nothing is known, which are left out, [N, C] bool; None for none.
            on_probabilities: whether scores of this kind are probabilities; None if these ones say it.
            per_label: a slope and an intercept a label (Platt), instead of one slope for all, the reciprocal
                of the temperature. Ours: a normal prior of variance 1 around the slope and intercept of all
                labels together, so that a rare label has an answer.
        """
        of_logits = are_probabilities(scores) if on_probabilities is None else on_probabilities
        known = known_pairs(unknown)
        inputs = logits(scores) if of_logits else np.asarray(scores, np.float64)
        start, free = np.array([[1.0], [0.0]]), (True, per_label)
        fitted = maximum_likelihood(inputs[known].reshape(-1, 1), labels[known].reshape(-1, 1), free, start)
        if per_label:
            weights = 1.0 if unknown is None else ~unknown
            fitted = maximum_likelihood(inputs, labels, free, fitted, weights)
        return cls(as_tuple(fitted[0]), as_tuple(fitted[1]), of_logits)

    def apply(self, scores: Array, xp: ModuleType = np) -> Array:
        """Calibrated probabilities, [N, C] float32."""
        x = logits(scores, xp) if self.of_logits else cast(scores, "float32", xp)
        odds = _float32(self.slope) * x + _float32(self.intercept)
        return 1.0 / (1.0 + xp.exp(-xp.clip(odds, -LARGEST_ODDS, LARGEST_ODDS)))


@dataclass(frozen=True)
class Isotonic:
    """A rising function through knots, the same for all labels; straight between knots, level beyond them.

    Attributes:
        scores: of the knots, rising; at most 64.
        probabilities: at the knots.
    """

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        scores: np.ndarray,
        labels: np.ndarray,
        unknown: np.ndarray | None = None,
    ) -> Self:
        """Isotonic regression by pool adjacent violators, over all labels and images; on any scale alike."""
        from scipy.optimize import isotonic_regression

        known = known_pairs(unknown)
        scores, labels = scores[known], labels[known]
        order = np.argsort(scores, axis=None, kind="stable")
        ranked, truth = scores.ravel()[order], labels.ravel()[order].astype(np.float64)
        values, starts = np.unique(ranked, return_index=True)
        counts = np.diff(np.append(starts, ranked.size))
        means = np.add.reduceat(truth, starts) / counts
        levels = isotonic_regression(means, weights=counts).x
        _, first, size = np.unique(levels, return_index=True, return_counts=True)
        spans = list(zip(first, size, strict=True))
        middles = np.array([np.average(values[a : a + n], weights=counts[a : a + n]) for a, n in spans])
        weights = np.array([counts[a : a + n].sum() for a, n in spans])
        keep = _spread(weights, _KNOTS)
        return cls(as_tuple(np.clip(middles[keep], -_FARTHEST, _FARTHEST)), as_tuple(levels[first][keep]))

    def apply(self, scores: Array, xp: ModuleType = np) -> Array:
        """Calibrated probabilities, [N, C] float32."""
        knots, values = _float32(self.scores), _float32(self.probabilities)
        x = xp.nan_to_num(cast(scores, "float32", xp), nan=knots[0], posinf=knots[-1], neginf=knots[0])
        x = xp.clip(x, knots[0], knots[-1])
        total = xp.zeros_like(x) + values[0]
        widths = np.diff(knots)
        slopes = np.divide(np.diff(values), widths, out=np.zeros_like(widths), where=widths > 0)
        for start, width, slope in zip(knots, widths, slopes, strict=False):
            total = total + slope * xp.clip(x - start, 0.0, width)
        return xp.clip(total, 0.0, 1.0)


Calibration = Uncalibrated | Sigmoid | Isotonic
KINDS: Mapping[Method, type[Calibration]] = {
    "none": Uncalibrated,
    "temperature": Sigmoid,
    "platt": Sigmoid,
    "isotonic": Isotonic,
}
_Fit = Callable[[np.ndarray, np.ndarray, np.ndarray | None, bool | None], Calibration]
_FITS: Mapping[Method, _Fit] = {
    "none": lambda *_: Uncalibrated(),
    "temperature": partial(Sigmoid.fit, per_label=False),
    "platt": partial(Sigmoid.fit, per_label=True),
    "isotonic": lambda scores, labels, unknown, _: Isotonic.fit(scores, labels, unknown),
}


def fit_calibration(
    method: Method,
    scores: np.ndarray,
    labels: np.ndarray,
    unknown: np.ndarray | None = None,
    on_probabilities: bool | None = None,
) -> Calibration:
    """Fits a method.

    Args:
        method: one of `METHODS`.
        scores: [N, C] float, finite.
        labels: the ground truth, [N, C] bool.
        unknown: pairs of which nothing is known, which are left out, [N, C] bool; None for none.
        on_probabilities: whether scores of this kind are probabilities; None if these ones say it.
    """
    return _FITS[method](scores, labels, unknown, on_probabilities)


def best_method(
    scores: np.ndarray,
    labels: np.ndarray,
    unknown: np.ndarray | None = None,
    on_probabilities: bool | None = None,
) -> Method:
    """The method with the lowest log loss on images that it was not fitted on, by five folds."""
    if on_probabilities is None:
        on_probabilities = are_probabilities(scores)
    methods = METHODS if on_probabilities else METHODS[2:]
    losses: dict[Method, float] = {}
    for method in methods:
        losses[method] = 0.0
        for held in folds(len(scores)):
            kept, scored = (None if unknown is None else unknown[images] for images in (~held, held))
            fitted = fit_calibration(method, scores[~held], labels[~held], kept, on_probabilities)
            losses[method] += log_loss(fitted.apply(scores[held]), labels[held], scored)
    return min(losses, key=losses.__getitem__)


def folds(images: int) -> Iterator[np.ndarray]:
    """Whether each image is held out, [N] bool, for each fold: every fifth image."""
    for fold in range(min(FOLDS, images)):
        yield np.arange(images) % FOLDS == fold


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether all scores lie between 0 and 1, up to rounding; those that are no number are left out."""
    with np.errstate(invalid="ignore"):
        return not bool(np.any((scores < -ROUNDING) | (scores > 1 + ROUNDING)))


def log_loss(probabilities: np.ndarray, labels: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """The sum of the negative log likelihoods of all known pairs of an image and a label, in nats."""
    likelihood = np.where(labels, probabilities, 1.0 - probabilities)[known_pairs(unknown)]
    return float(-np.log(np.maximum(likelihood, _EDGE)).sum())


def calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, unknown: np.ndarray | None = None, *, bins: int = 15
) -> float:
    """The expected calibration error in percent, over all pairs of an image and a label.

    Pairs go into bins of equal width by their probability. The error is the mean over pairs of the distance
    between their bin's mean probability and its share of true pairs.

    Args:
        probabilities: [N, C] float from 0 to 1.
        labels: the ground truth, [N, C] bool.
        unknown: pairs of which nothing is known, which are left out, [N, C] bool; None for none.
        bins: 15 in Guo et al.
    """
    mean, share, count = reliability(probabilities, labels, unknown, bins=bins)
    return 100 * float((np.abs(mean - share) * count).sum() / count.sum())


def reliability(
    probabilities: np.ndarray, labels: np.ndarray, unknown: np.ndarray | None = None, *, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each bin that has known pairs: the mean probability, the share of true ones, and how many pairs."""
    probabilities, labels = probabilities[known_pairs(unknown)], labels[known_pairs(unknown)]
    place = np.minimum((probabilities * bins).astype(int), bins - 1).ravel()
    count = np.bincount(place, minlength=bins)
    used = count > 0
    mean = np.bincount(place, probabilities.ravel(), bins)[used] / count[used]
    share = np.bincount(place, labels.ravel(), bins)[used] / count[used]
    return mean, share, count[used]


def as_tuple(values: np.ndarray) -> tuple[float, ...]:
    """The values as float32, as a document keeps them."""
    return tuple(values.astype(np.float32).tolist())


def _float32(values: tuple[float, ...]) -> np.ndarray:
    return np.asarray(values, np.float32)


def _spread(weights: np.ndarray, most: int) -> np.ndarray:
    """The places of at most `most` knots that split the weight evenly, the first and the last among them."""
    if len(weights) <= most:
        return np.arange(len(weights))
    share = np.cumsum(weights) / weights.sum()
    inner = np.searchsorted(share, np.linspace(0, 1, most)[1:-1])
    return np.unique(np.concatenate([[0], inner, [len(weights) - 1]]))
