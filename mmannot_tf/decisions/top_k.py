"""The same number of labels for every image."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class TopK(QuantityWay):
    """The k best labels."""

    name = "top_k"
    title = "top k"
    source = "Gong et al., arXiv 1312.4894; k = 3 in the paper's Tables I to IV"
    k: int

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "TopK":
        """Takes k from the options."""
        return cls(options.k)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """K for every image."""
        return xp.full(xp.shape(scores.probabilities)[:1], self.k, dtype="int32")
