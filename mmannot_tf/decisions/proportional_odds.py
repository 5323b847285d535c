"""The labels with the highest expected F-measure under a model of labels and their number together."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, clean
from mmannot_tf.decisions.f_measure import best_labels
from mmannot_tf.decisions.way import Options, Scores, Way

MOST = 32
"""Ours: the largest quantity that the model tells from larger ones."""
_RIDGE = 1.0
_LEAST = 1e-12
_LARGEST_ODDS = 30.0


@dataclass(frozen=True)
class ProportionalOdds(Way):
    """P(label, quantity) by a proportional-odds model of the quantity, and the general F-measure maximiser.

    Where an image has a label, P(quantity ≥ t) = sigmoid(η - b_t) for t from 2 on, with rising b_t. η is
    linear in the logarithm of 1 + the expected number of its other labels, and in m̂ if there is one.
    P(label) is the calibrated probability. Decubber, Mortier, Dembczyński & Waegeman, "Deep F-measure
    maximization in multi-label classification" (ECML-PKDD 2018), train a proportional-odds model of both
    on an image's features; here it is fitted on a scorer's outputs, so that it serves every scorer.

    Attributes:
        slopes: of η: on the logarithm, and on the predicted quantity; 0 without one.
        cuts: b_2 to b_T, rising.
        beta: the weight of recall.
        least: the least number of labels.
        most: the largest number of labels; None for no bound.
    """

    name = "proportional_odds"
    title = "highest expected F1, quantity given label"
    source = "Decubber, Mortier, Dembczyński & Waegeman (ECML-PKDD 2018), on a scorer's outputs"
    needs = frozenset({"probabilities", "validation"})
    counts_labels = True
    weighs_recall = True
    slopes: tuple[float, float]
    cuts: tuple[float, ...]
    beta: float
    least: int
    most: int | None = None

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "ProportionalOdds":
        """Maximum likelihood over all pairs of an image and a label of it."""
        from scipy.optimize import minimize

        true = labels.sum(axis=1)
        most = int(min(max(true.max(initial=2), 2), MOST))
        levels = np.broadcast_to(np.clip(true, 1, most)[:, np.newaxis] - 1, labels.shape)[labels]
        inputs = np.stack([np.broadcast_to(x, labels.shape)[labels] for x in _inputs(scores, np)], axis=1)
        model = _Likelihood(inputs.astype(np.float64), levels, most)
        found = minimize(model, model.start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
        slopes, cuts = model.unpacked(found.x)
        return cls(
            (float(slopes[0]), float(slopes[1])),
            tuple(cuts.tolist()),
            options.beta,
            options.least,
            options.most,
        )

    def joint(self, scores: Scores, xp: ModuleType = np) -> Array:
        """P(an image has a label, and s labels in all), s from 0 to T: [N, C, T + 1] float32."""
        of_others, of_quantity = _inputs(scores, xp)
        eta = xp.expand_dims(self.slopes[0] * of_others + self.slopes[1] * of_quantity, -1)
        odds = xp.clip(eta - np.asarray(self.cuts, np.float32), -_LARGEST_ODDS, _LARGEST_ODDS)
        at_least = xp.pad(1.0 / (1.0 + xp.exp(-odds)), [[0, 0], [0, 0], [1, 0]], constant_values=1.0)
        exactly = at_least - xp.pad(at_least[..., 1:], [[0, 0], [0, 0], [0, 1]])
        of_label = xp.expand_dims(clean(scores.probabilities, xp), -1)
        return xp.pad(of_label * exactly, [[0, 0], [0, 0], [1, 0]])

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The set with the highest expected F_β, [N, C] bool; at most T labels."""
        none = xp.prod(1.0 - clean(scores.probabilities, xp), axis=-1)
        return best_labels(
            self.joint(scores, xp), none, beta=self.beta, bounds=(self.least, self.most), xp=xp
        )


def _inputs(scores: Scores, xp: ModuleType) -> tuple[Array, Array]:
    """What η is linear in: of the expected number of other labels, [N, C]; of m̂, [N, 1]."""
    probabilities = clean(scores.probabilities, xp)
    others = xp.sum(probabilities, axis=-1, keepdims=True) - probabilities
    if scores.quantity is None:
        return xp.log(1.0 + others), xp.zeros_like(probabilities[:, :1])
    quantity = xp.nan_to_num(cast(scores.quantity, "float32", xp), nan=0.0, posinf=MOST, neginf=0.0)
    return xp.log(1.0 + others), xp.expand_dims(xp.clip(quantity, 0.0, float(MOST)), -1)


class _Likelihood:
    """The negative log likelihood of slopes and cuts, with its gradient and a ridge penalty on the slopes.

    Cuts are packed as the first one and the logarithms of their steps.
    """

    def __init__(self, inputs: np.ndarray, levels: np.ndarray, most: int):
        self.inputs, self.levels, self.most = inputs, levels, most
        self.start = np.concatenate([[1.0, 0.0, 0.0], np.full(most - 2, np.log(0.5))])

    def unpacked(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes, and cuts from the lowest to the highest."""
        steps = np.exp(np.clip(packed[3:], -20, 5))
        return packed[:2], packed[2] + np.append(0.0, np.cumsum(steps))

    def __call__(self, packed: np.ndarray) -> tuple[float, np.ndarray]:
        """The value and the gradient."""
        slopes, cuts = self.unpacked(packed)
        eta = self.inputs @ slopes
        bounds = np.concatenate([[-np.inf], cuts, [np.inf]])
        lower, upper = (_sigmoid(eta - bounds[self.levels + place]) for place in (0, 1))
        chance = np.maximum(lower - upper, _LEAST)
        by_lower, by_upper = lower * (1 - lower) / chance, upper * (1 - upper) / chance
        of_cuts = (
            np.bincount(self.levels, by_upper, self.most)[:-1]
            - np.bincount(self.levels, by_lower, self.most)[1:]
        )
        of_steps = np.cumsum(of_cuts[::-1])[::-1]  # a step moves all cuts from its own on
        gradient = np.concatenate(
            [self.inputs.T @ (by_lower - by_upper), of_steps[:1], of_steps[1:] * np.diff(cuts)]
        )
        penalty = np.concatenate([_RIDGE * slopes, np.zeros(len(packed) - 2)])
        return float(-np.log(chance).sum() + penalty[:2] @ slopes / 2), penalty - gradient


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))
