"""Labels above a threshold of their own."""

from abc import abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar, Self

import numpy as np

from mmannot_tf.decisions import thresholds
from mmannot_tf.decisions.arrays import Array
from mmannot_tf.decisions.way import Options, Scores, Way


@dataclass(frozen=True)
class LabelThresholds(Way):
    """All labels with a score above their threshold.

    Attributes:
        thresholds: in label order.
    """

    weighs_recall: ClassVar[bool] = True

    thresholds: tuple[float, ...]

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> Self:
        """Searches the thresholds."""
        ranked = scores.probabilities
        if scores.unknown is not None:
            ranked = thresholds.unknown_last(ranked, scores.unknown)
        return cls(tuple(cls.search(ranked, labels, options.beta).tolist()))

    @staticmethod
    @abstractmethod
    def search(scores: np.ndarray, labels: np.ndarray, beta: float) -> np.ndarray:
        """The thresholds for scores [N, C] and labels [N, C]."""

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """Scores above their label's threshold; one that is not a number is not above it."""
        return scores.probabilities > np.asarray(self.thresholds, np.float32)


class ForImageF(LabelThresholds):
    """Those with the highest F_β over all images and labels: I-F1."""

    name = "label_thresholds_image_f"
    title = "threshold a label, for I-F1"
    source = "Dinkelbach, Management Science 13 (1967), applied to the F-measure"
    needs = frozenset({"validation"})

    search = staticmethod(thresholds.for_image_f)


class ForClassF(LabelThresholds):
    """Those with the highest F_β of mean precision and mean recall over the labels: C-F1."""

    name = "label_thresholds_class_f"
    title = "threshold a label, for C-F1"
    source = "the paper's equation 6, scalarised"
    needs = frozenset({"validation"})

    search = staticmethod(thresholds.for_class_f)


class HalfBestF(LabelThresholds):
    """Half of the best F1 that the label reaches on validation.

    Of calibrated probabilities it is the threshold with the highest expected F1 of the label: Lipton, Elkan &
    Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure" (ECML-PKDD 2014, arXiv
    1402.1892). Ours: a label without a true image to fit on takes half of the other labels' mean; half of its
    own, which is 0, would give it to every image.
    """

    name = "half_best_f"
    title = "half of each label's best F1"
    source = "Lipton, Elkan & Naryanaswamy, arXiv 1402.1892"
    weighs_recall = False
    needs = frozenset({"validation", "probabilities"})

    @staticmethod
    def search(scores: np.ndarray, labels: np.ndarray, beta: float) -> np.ndarray:
        """Half of the best F1 of each label; the weight of recall has no effect."""
        best, is_known = thresholds.best_f_per_label(scores, labels), labels.any(axis=0)
        others = best[is_known].mean() if is_known.any() else 1.0
        return (np.where(is_known, best, others) / 2).astype(np.float32)
