"""As many labels as probabilities and predicted quantity together make likeliest."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, clean, first_largest
from mmannot_tf.decisions.posterior import QuantityPosterior
from mmannot_tf.decisions.way import Options, QuantityWay, Scores

_RIDGE = 30.0
_TINY = 1e-9


def _expected(scores: Scores, xp: ModuleType) -> Array:
    return xp.sum(clean(scores.probabilities, xp), axis=-1)


@dataclass(frozen=True)
class PosteriorMode(QuantityWay):
    """The mode of the posterior over quantities.

    The estimate that it is scored by is linear in m̂ and in the sum of the probabilities.

    Attributes:
        posterior: over quantities.
        least: the least number of labels.
        line: the estimate for m̂ = 0 and no probability, its slope on m̂, and that on the sum.
    """

    name = "posterior_mode"
    title = "likeliest quantity, with the predicted one"
    source = "Bayes' rule; the mode of `QuantityPosterior`; least squares for the estimate"
    needs = frozenset({"probabilities", "quantity", "validation"})
    counts_labels = True
    estimates_quantity = True
    posterior: QuantityPosterior
    least: int
    line: tuple[float, float, float]

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "PosteriorMode":
        """Fits the posterior, and the line by least squares.

        Ours: a ridge of 30 images holds the line to m̂ itself, which few images cannot improve on.
        """
        posterior = QuantityPosterior.fit(scores, labels, options.least)
        predicted, expected = np.asarray(scores.quantity, np.float64), _expected(scores, np)
        inputs = np.stack(
            [np.ones_like(predicted), predicted - predicted.mean(), expected - predicted], axis=1
        )
        squares = inputs.T @ inputs + _RIDGE * np.diag((inputs**2).mean(axis=0) + _TINY)
        constant, of_quantity, of_expected = np.linalg.solve(
            squares, inputs.T @ (labels.sum(axis=1) - predicted)
        )
        start = constant - of_quantity * predicted.mean()
        line = (float(start), float(1 + of_quantity - of_expected), float(of_expected))
        return cls(posterior, options.least, line)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The line; the sum of the probabilities where m̂ is not finite."""
        predicted, expected = cast(scores.quantity, "float32", xp), _expected(scores, xp)
        is_known = xp.isfinite(predicted)
        known = xp.where(is_known, predicted, xp.zeros_like(predicted))
        return xp.where(is_known, self.line[0] + self.line[1] * known + self.line[2] * expected, expected)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The likeliest number."""
        return first_largest(self.posterior.distribution(scores, self.least, xp), xp)
