"""The labels with the highest expected F-measure of each image."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, clean, descending
from mmannot_tf.decisions.f_measure import best_quantity_of_independent
from mmannot_tf.decisions.poisson_binomial import QUANTITY_CAP, first_and_rest
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


def ranked(probabilities: Array, xp: ModuleType) -> tuple[Array, Array]:
    """Probabilities of an image's best labels, best first, and those of the rest: [N, L] and [N, C - L]."""
    ordered = descending(probabilities, xp)
    most = min(ordered.shape[1], QUANTITY_CAP)
    return ordered[:, :most], ordered[:, most:]


@dataclass(frozen=True)
class ExpectedF(QuantityWay):
    """The set with the highest expected F_β, if labels are independent; at most `QUANTITY_CAP` labels."""

    name = "expected_f"
    title = "highest expected F1"
    source = "Ye, Chai, Lee & Chieu, Optimizing F-measure: a tale of two approaches (ICML 2012)"
    needs = frozenset({"probabilities"})
    weighs_recall = True
    beta: float
    least: int
    most: int | None = None

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "ExpectedF":
        """Takes β and the bounds from the options."""
        return cls(options.beta, options.least, options.most)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The number of best labels with the highest expected F_β."""
        best, rest = ranked(clean(scores.probabilities, xp), xp)
        of_first, of_rest = first_and_rest(best, rest, best.shape[1], xp)
        return best_quantity_of_independent(
            of_first, of_rest, beta=self.beta, bounds=(self.least, self.most), xp=xp
        )
