"""How good the predicted label quantities are: Tables V and VI (Sec. IV-D1)."""

from dataclasses import dataclass

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.predicted_quantity import rounded


@dataclass(frozen=True)
class QuantityScores:
    """A row of Table V or VI.

    Attributes:
        accuracy: images whose quantized quantity is the true one, percent.
        mse: mean squared error of the raw output, labels squared.
    """

    accuracy: float
    mse: float


def quantize(raw: np.ndarray, classes: int, settings: EvaluationSettings) -> np.ndarray:
    """m̂ as an integer: the regressor's output rounded, then clipped to [least_quantity, C] [reading 22].

    An output that is not a number gives the least quantity.

    Args:
        raw: the regressor's output, [N] float32.
        classes: C.
        settings: gives `quantity_rounding` and `least_quantity`.

    Returns:
        [N] int64.
    """
    whole = rounded(raw, settings.quantity_rounding, settings.least_quantity, np)
    return np.minimum(whole, classes).astype(np.int64)


def quantity_scores(raw: np.ndarray, labels: np.ndarray, settings: EvaluationSettings) -> QuantityScores:
    """Accuracy of the quantized output and mean squared error of the raw one.

    Args:
        raw: the regressor's output, [N] float32.
        labels: the ground truth, [N, C] bool; m is each row's sum.
        settings: how the output is quantized.
    """
    true = labels.sum(axis=1)
    right = quantize(raw, labels.shape[1], settings) == true
    return QuantityScores(
        accuracy=100 * float(np.mean(right)),
        mse=float(np.mean((raw.astype(np.float64) - true) ** 2)),
    )
