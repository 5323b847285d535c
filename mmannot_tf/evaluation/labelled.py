"""`Labelled`, scores of images with what is known of their labels."""

from dataclasses import dataclass

import numpy as np

from mmannot_tf.decisions.way import Scores


@dataclass(frozen=True, eq=False)
class Labelled:
    """Scores of images with known labels.

    Attributes:
        scores: numpy.
        labels: the ground truth, [N, C] bool; False where `scores.unknown` is true.
    """

    scores: Scores
    labels: np.ndarray

    @classmethod
    def of(
        cls,
        probabilities: np.ndarray,
        labels: np.ndarray,
        quantity: np.ndarray | None = None,
        unknown: np.ndarray | None = None,
    ) -> "Labelled":
        """Scores with the true quantities of their images."""
        return cls(Scores(probabilities, quantity, labels.sum(axis=1), unknown), labels)

    def where(self, wanted: np.ndarray) -> "Labelled":
        """The images for which `wanted`, [N] bool, is true."""
        quantity, unknown = self.scores.quantity, self.scores.unknown
        return Labelled.of(
            self.scores.probabilities[wanted],
            self.labels[wanted],
            None if quantity is None else quantity[wanted],
            None if unknown is None else unknown[wanted],
        )
