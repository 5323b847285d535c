"""As many labels as are likeliest."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, clean, first_largest, from_least
from mmannot_tf.decisions.poisson_binomial import QUANTITY_CAP, quantity_distribution
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class LikeliestQuantity(QuantityWay):
    """The mode of the quantity's distribution, if an image's labels are independent."""

    name = "likeliest_quantity"
    title = "likeliest quantity"
    source = "the mode of the Poisson-binomial distribution"
    needs = frozenset({"probabilities"})
    estimates_quantity = True
    least: int

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "LikeliestQuantity":
        """Takes the least quantity from the options."""
        return cls(options.least)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The likeliest number from the least on."""
        probabilities = clean(scores.probabilities, xp)
        most = min(probabilities.shape[1], QUANTITY_CAP)
        return first_largest(
            from_least(quantity_distribution(probabilities, most, xp), self.least, -1.0, xp), xp
        )
