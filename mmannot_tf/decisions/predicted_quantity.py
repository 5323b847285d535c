"""As many labels as a regressor predicts: the paper's way."""

from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast
from mmannot_tf.decisions.way import Options, QuantityWay, Scores


def rounded(quantity: Array, rounding: str, least: int | Array, xp: ModuleType) -> Array:
    """A predicted quantity as a whole number; one that is not a number is the least: [N] int32.

    "nearest" is ⌊x + 1/2⌋ in float32, so that a half goes up in numpy and in every engine.
    """
    quantity = cast(quantity, "float32", xp)
    if rounding == "nearest":
        quantity = xp.floor(quantity + 0.5)
    else:
        quantity = xp.floor(quantity) if rounding == "down" else xp.ceil(quantity)
    whole = cast(xp.nan_to_num(quantity, nan=0.0, posinf=_LARGEST, neginf=0.0), "float32", xp)
    return xp.maximum(cast(xp.clip(whole, 0.0, _LARGEST), "int32", xp), least)


_LARGEST = float(2**24)
"""More labels than there are, and exact in float32."""


@dataclass(frozen=True)
class PredictedQuantity(QuantityWay):
    """The m̂ best labels."""

    name = "predicted_quantity"
    title = "predicted quantity"
    source = "the paper, equation 5 and Algorithm 2"
    needs = frozenset({"quantity"})
    estimates_quantity = True
    least: int
    rounding: Literal["nearest", "down", "up"]

    @classmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> "PredictedQuantity":
        """Takes rounding and least quantity from the options."""
        return cls(options.least, options.rounding)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The regressor's output."""
        return scores.quantity

    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The regressor's output, rounded."""
        return rounded(scores.quantity, self.rounding, self.least, xp)
