"""As many labels as an image has: an upper bound."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, best
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class TrueQuantity(QuantityWay):
    """The m best labels; no way that knows the ranking alone can know m."""

    name = "true_quantity"
    title = "true quantity"
    source = "the paper's upper bound"
    needs = frozenset({"true_quantity"})

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "TrueQuantity":
        """Nothing is fitted."""
        return cls()

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """M."""
        return scores.true_quantity

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The best of the known labels of each image, [N, C] bool."""
        ranked = scores.probabilities
        if scores.unknown is not None:
            ranked = xp.where(scores.unknown, -np.inf, ranked)
        return best(ranked, self.quantity(scores, xp), xp)
