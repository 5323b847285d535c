"""As many labels as are expected."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, clean
from mmannot_tf.decisions.predicted_quantity import rounded
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class ExpectedQuantity(QuantityWay):
    """The sum of the probabilities, rounded; the labels need not be independent."""

    name = "expected_quantity"
    title = "expected quantity"
    source = "the mean of the Poisson-binomial distribution"
    needs = frozenset({"probabilities"})
    estimates_quantity = True
    least: int

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "ExpectedQuantity":
        """Takes the least quantity from the options."""
        return cls(options.least)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The sum of the probabilities."""
        return xp.sum(clean(scores.probabilities, xp), axis=-1)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The sum, halves up."""
        return rounded(self.estimate(scores, xp), "nearest", self.least, xp)
