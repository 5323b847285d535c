"""`Labelled`, scores of images with what is known of their labels."""

from dataclasses import dataclass, replace

import numpy as np

from mmannot_tf.decisions.calibration import are_probabilities
from mmannot_tf.decisions.way import Scores


@dataclass(frozen=True, eq=False)
class Labelled:
    """Scores of images with known labels.

    Attributes:
        scores: numpy.
        labels: the ground truth, [N, C] bool; False where `scores.unknown` is true.
        on_probabilities: whether the scores are probabilities; a part of the images has it from the whole.
    """

    scores: Scores
    labels: np.ndarray
    on_probabilities: bool

    @classmethod
    def of(
        cls,
        probabilities: np.ndarray,
        labels: np.ndarray,
        quantity: np.ndarray | None = None,
        unknown: np.ndarray | None = None,
    ) -> "Labelled":
        """Scores with the true quantities of their images."""
        scores = Scores(probabilities, quantity, labels.sum(axis=1), unknown)
        return cls(scores, labels, are_probabilities(probabilities))

    def where(self, wanted: np.ndarray) -> "Labelled":
        """The images for which `wanted`, [N] bool, is true."""
        quantity, unknown = self.scores.quantity, self.scores.unknown
        part = Labelled.of(
            self.scores.probabilities[wanted],
            self.labels[wanted],
            None if quantity is None else quantity[wanted],
            None if unknown is None else unknown[wanted],
        )
        return replace(part, on_probabilities=self.on_probabilities)
