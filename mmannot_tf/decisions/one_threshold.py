"""Labels above one threshold."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast
from mmannot_tf.decisions.thresholds import best_threshold
from mmannot_tf.decisions.way import Options, Scores, Way


@dataclass(frozen=True)
class OneThreshold(Way):
    """All labels with a score above the threshold with the highest F_β over all images' labels."""

    name = "one_threshold"
    title = "one threshold"
    source = "exhaustive search over the validation scores"
    needs = frozenset({"validation"})
    weighs_recall = True
    threshold: float

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "OneThreshold":
        """Searches the threshold."""
        return cls(best_threshold(scores.probabilities[scores.known], labels[scores.known], options.beta))

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """Scores above the threshold; one that is not a number is not above it."""
        return scores.probabilities > cast(self.threshold, "float32", xp)
