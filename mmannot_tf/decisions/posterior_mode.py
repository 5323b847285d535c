"""As many labels as probabilities and predicted quantity together make likeliest."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, first_largest
from mmannot_tf.decisions.posterior import QuantityPosterior
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class PosteriorMode(QuantityWay):
    """The mode of the posterior over quantities."""

    name = "posterior_mode"
    title = "likeliest quantity, with the predicted one"
    source = "Bayes' rule; the mode of `QuantityPosterior`"
    needs = frozenset({"probabilities", "quantity", "validation"})
    estimates_quantity = True
    posterior: QuantityPosterior
    least: int

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "PosteriorMode":
        """Fits the posterior."""
        return cls(QuantityPosterior.fit(scores, labels, options.least), options.least)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The mean of the posterior."""
        distribution = self.posterior.distribution(scores, self.least, xp)
        return xp.sum(distribution * np.arange(distribution.shape[1], dtype=np.float32), axis=-1)

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The likeliest number."""
        return first_largest(self.posterior.distribution(scores, self.least, xp), xp)
