"""The labels with the highest expected F-measure, from probabilities and predicted quantity together."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array
from mmannot_tf.decisions.expected_f import ranked
from mmannot_tf.decisions.f_measure import best_quantity
from mmannot_tf.decisions.poisson_binomial import labels_with_quantity, quantity_distribution
from mmannot_tf.decisions.posterior import QuantityPosterior, uncertain
from mmannot_tf.decisions.way import Options, QuantityWay, Scores

_LEAST_PROBABILITY = 1e-30  # of a quantity that is not ruled out there are more


@dataclass(frozen=True)
class PosteriorF(QuantityWay):
    """The set with the highest expected F_β, if labels are independent given how many there are.

    P(j, s) of independent labels is divided by P(s) and multiplied by the posterior of s.
    """

    name = "posterior_f"
    title = "highest expected F1, with the predicted quantity"
    source = "the general F-measure maximiser (Dembczyński et al., NIPS 2011) on `QuantityPosterior`"
    needs = frozenset({"probabilities", "quantity", "validation"})
    counts_labels = True
    weighs_recall = True
    posterior: QuantityPosterior
    beta: float
    least: int
    most: int | None = None

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "PosteriorF":
        """Fits the posterior."""
        posterior = QuantityPosterior.fit(scores, labels, options.least)
        return cls(posterior, options.beta, options.least, options.most)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The number of best labels with the highest expected F_β."""
        probabilities = uncertain(scores.probabilities, xp)
        best, rest = ranked(probabilities, xp)
        most = best.shape[1]
        posterior = self.posterior.distribution(scores, self.least, xp)
        prior = xp.maximum(quantity_distribution(probabilities, most, xp), _LEAST_PROBABILITY)
        joint = labels_with_quantity(best, rest, most, xp) * xp.expand_dims(posterior / prior, 1)
        return best_quantity(joint, posterior[:, 0], beta=self.beta, bounds=(self.least, self.most), xp=xp)
