"""How many labels an image has, from its probabilities and its predicted quantity together."""

from dataclasses import dataclass
from types import ModuleType
from typing import Self

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, clean, from_least
from mmannot_tf.decisions.poisson_binomial import QUANTITY_CAP, quantity_distribution
from mmannot_tf.decisions.way import Scores

_STEPS = 50
_LEAST_PROBABILITY = 1e-20
_RULED_OUT = -1e30
_TOO_FEW = -3e38  # below what is ruled out, whatever its weight
_LEAST_VARIANCE = 1e-4
_PRIOR = np.array([1.0, 1.0, 0.0])  # Bayes' rule for what is independent
_LOWEST = np.array([0.0, 0.0, -10.0])


def uncertain(probabilities: Array, xp: ModuleType) -> Array:
    """Probabilities of at most 1 - 1e-5: nearer to 1, float32 does not say how improbable the contrary is.

    A predicted quantity that contradicts the probabilities is weighed against just that.
    """
    return xp.minimum(clean(probabilities, xp), 1.0 - 1e-5)


@dataclass(frozen=True)
class QuantityPosterior:
    """P(m | probabilities, m̂) ∝ P(m | probabilities)^alpha · P(m̂ | m)^lam · exp(tilt · m).

    P(m | probabilities) is Poisson-binomial. P(m̂ | m) is normal around a line in m. By Bayes' rule alpha and
    lam are 1, and tilt is 0, if m̂ and the probabilities are independent given m, and labels of each other.
    They are not: both read one image. So the three are fitted. A quantity that the probabilities rule out
    (below 1e-20) stays ruled out, whatever m̂ is.

    Attributes:
        intercept: of the mean of m̂.
        slope: of the mean of m̂, per label.
        variance: of m̂ around its mean, labels squared.
        alpha: the weight of the probabilities.
        lam: the weight of m̂.
        tilt: for each label more.
    """

    intercept: float
    slope: float
    variance: float
    alpha: float
    lam: float
    tilt: float

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, least: int) -> Self:
        """The line by least squares, the weights by maximum likelihood of the true quantities.

        Args:
            scores: with quantities, numpy.
            labels: [N, C] bool.
            least: the least quantity.
        """
        true, predicted = labels.sum(axis=1), np.asarray(scores.quantity, np.float64)
        spread = true.var()
        slope = (
            float(np.mean((true - true.mean()) * (predicted - predicted.mean())) / spread) if spread else 0.0
        )
        intercept = float(predicted.mean() - slope * true.mean())
        variance = max(float(np.var(predicted - slope * true)), _LEAST_VARIANCE)
        start = cls(intercept, slope, variance, *_PRIOR.tolist())
        of_both = np.maximum(start.evidence(scores), np.log(_LEAST_PROBABILITY))
        least = min(least, of_both.shape[2] - 1)
        places = np.broadcast_to(np.arange(of_both.shape[2]), of_both.shape[1:])
        evidence = np.stack([*of_both, places], axis=-1).astype(np.float64)[:, least:]
        weights = _maximum_likelihood(evidence, np.clip(true, least, None) - least)
        return cls(intercept, slope, variance, *weights.tolist())

    def evidence(self, scores: Scores, xp: ModuleType = np) -> tuple[Array, Array]:
        """The logarithms of P(s | probabilities) and of P(m̂ | s) up to a constant, both [N, S + 1]."""
        probabilities = uncertain(scores.probabilities, xp)
        most = min(probabilities.shape[1], QUANTITY_CAP)
        distribution = quantity_distribution(probabilities, most, xp)
        predicted = cast(scores.quantity, "float32", xp)
        is_known = xp.expand_dims(xp.isfinite(predicted), -1)  # one that is not finite tells nothing
        within = xp.expand_dims(xp.clip(xp.nan_to_num(predicted), -float(most), 2.0 * most), -1)
        distance = within - (self.intercept + self.slope * np.arange(most + 1, dtype=np.float32))
        log_normal = xp.where(is_known, -(distance**2) / (2 * self.variance), xp.zeros_like(distance))
        log_probability = xp.log(xp.maximum(distribution, _LEAST_PROBABILITY))
        is_possible = distribution > _LEAST_PROBABILITY
        return xp.where(is_possible, log_probability, xp.zeros_like(distribution) + _RULED_OUT), log_normal

    def distribution(self, scores: Scores, least: int | Array, xp: ModuleType = np) -> Array:
        """P(s) for s from 0 to min(C, `QUANTITY_CAP`), 0 below the least quantity: [N, S + 1] float."""
        of_probabilities, of_quantity = self.evidence(scores, xp)
        tilt = np.float32(self.tilt) * np.arange(of_probabilities.shape[1], dtype=np.float32)
        logits = self.alpha * of_probabilities + self.lam * of_quantity + tilt
        logits = from_least(logits, least, _TOO_FEW, xp)
        weights = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
        return weights / xp.sum(weights, axis=-1, keepdims=True)


def _maximum_likelihood(evidence: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The weights of a softmax over quantities, by Newton's method, with a normal prior of variance 1.

    Args:
        evidence: [N, S, 3].
        true: places of the true quantities, [N] int; S and more are S - 1.
    """
    true = np.minimum(true, evidence.shape[1] - 1)
    observed = np.take_along_axis(evidence, true[:, np.newaxis, np.newaxis], axis=1)[:, 0]
    weights = _PRIOR
    for _ in range(_STEPS):
        logits = evidence @ weights
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        mean = np.einsum("ns,nsk->nk", shares, evidence)
        gradient = (observed - mean).sum(axis=0) - (weights - _PRIOR)
        centred = evidence - mean[:, np.newaxis]
        curvature = np.einsum("ns,nsk,nsl->kl", shares, centred, centred) + np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        weights = np.clip(weights + np.clip(step, -1.0, 1.0), _LOWEST, 10.0)
        if np.abs(step).max() < 1e-9:
            break
    return weights
