"""Labels above the widest gap of an image's scores."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, descending, first_largest
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


@dataclass(frozen=True)
class MCut(QuantityWay):
    """The maximum cut: the labels above the largest difference between neighbours in the ranking."""

    name = "mcut"
    title = "widest gap (MCut)"
    source = (
        "Largeron, Moulin & Géry, MCut: a thresholding strategy for multi-label classification (IDA 2012)"
    )

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "MCut":
        """Nothing is fitted."""
        return cls()

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The place of the widest gap; the first of equal ones."""
        values = xp.nan_to_num(scores.probabilities, nan=0.0, posinf=_HIGHEST, neginf=-_HIGHEST)
        ranked = descending(xp.clip(values, -_HIGHEST, _HIGHEST), xp)
        if ranked.shape[-1] == 1:
            return cast(ranked[:, 0] == ranked[:, 0], "int32", xp)
        return first_largest(ranked[:, :-1] - ranked[:, 1:], xp) + 1


_HIGHEST = 1e38
"""The difference of two such scores is a float32."""
