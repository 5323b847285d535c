"""The rows of Tables I/II and V/VI from one run's predictions, and ours beside them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.quantity import quantity_scores, quantize
from mmannot_tf.evaluation.selection import above, by_quantity, top_k
from tfrecords_tools.errors import UserError

Selection = Literal["true_quantity", "predicted_quantity", "top_k"]


@dataclass(frozen=True)
class Row:
    """How one row of a table is made.

    Attributes:
        method: its name in the table.
        scorer: whose probabilities rank the labels.
        selection: how labels are selected from them.
        quantity: whose predicted quantity cuts the ranking; for "predicted_quantity" only.
    """

    method: str
    scorer: str
    selection: Selection
    quantity: str | None = None


ROWS = (
    Row("Upper bound", "classifier", "true_quantity"),
    Row("MS-CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity"),
    Row("MS-CNN+LQP", "ms_cnn", "predicted_quantity", "quantity_visual"),
    Row("MS-CNN+Tags", "classifier", "top_k"),
    Row("MS-CNN", "ms_cnn", "top_k"),
    Row("CNN", "cnn", "top_k"),
    Row("CNN, trained as long", "cnn_longer", "top_k"),  # ours, from here on
    Row("Tags only", "tag_encoder", "top_k"),
    Row("Joint MS-CNN+Tags+LQP", "joint", "predicted_quantity", "joint"),
    Row("Joint MS-CNN+Tags", "joint", "top_k"),
)

FEATURES = {"quantity_visual": "MS-CNN", "quantity": "MS-CNN+Tags", "joint": "Joint"}
"""Regressor → the features it reads, as Tables V and VI name them, in their order; then ours."""


def evaluate(
    predictions: Predictions, settings: EvaluationSettings, *, readings: Mapping[str, Any]
) -> dict[str, Any]:
    """Every row that the predictions allow; rows whose scorer or regressor is absent are left out.

    Args:
        predictions: of one split.
        settings: how labels are selected and scored.
        readings: the readings of the paper in force, for the record.

    Returns:
        A JSON document {"split", "images", "classes", "classes_present", "rows", "quantity", "readings"},
        scores in percent. "classes_present" have a true label in the split; C-R is a mean over them.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    rows = [row for row in ROWS if _has(predictions, row)]
    if not rows:
        raise UserError(
            f"predictions must hold a known scorer ({', '.join(sorted({row.scorer for row in ROWS}))}). "
            f"Received: {', '.join(sorted(predictions.probabilities)) or 'none'}; train the run first."
        )
    return {
        "split": predictions.split,
        "images": len(predictions.ids),
        "classes": len(predictions.label_names),
        "classes_present": int(predictions.labels.any(axis=0).sum()),
        "rows": [_selected_row(row, predictions, settings) for row in rows]
        + [_threshold_row(row, predictions, settings) for row in rows if row.selection == "top_k"],
        "quantity": [
            {
                "features": features,
                **asdict(quantity_scores(predictions.quantity[name], predictions.labels, settings)),
            }
            for name, features in FEATURES.items()
            if name in predictions.quantity
        ],
        "readings": dict(readings),
    }


def _has(predictions: Predictions, row: Row) -> bool:
    return row.scorer in predictions.probabilities and (
        row.quantity is None or row.quantity in predictions.quantity
    )


def _selected_row(row: Row, predictions: Predictions, settings: EvaluationSettings) -> dict[str, Any]:
    chosen = _select(row, predictions, settings)
    return {"method": row.method, "selection": row.selection, **_scores(chosen, predictions, settings)}


def _threshold_row(row: Row, predictions: Predictions, settings: EvaluationSettings) -> dict[str, Any]:
    """A scorer read as later papers do: every label above the threshold, and mAP."""
    probabilities = predictions.probabilities[row.scorer]
    return {
        "method": f"{row.method}, p > {settings.threshold:g}",
        "selection": "threshold",
        **_scores(above(probabilities, settings.threshold), predictions, settings),
        "mean_average_precision": mean_average_precision(probabilities, predictions.labels),
    }


def _select(row: Row, predictions: Predictions, settings: EvaluationSettings) -> np.ndarray:
    probabilities = predictions.probabilities[row.scorer]
    if row.selection == "top_k":
        return top_k(probabilities, settings.k)
    if row.selection == "true_quantity":
        return by_quantity(probabilities, predictions.true_quantity)
    quantity = quantize(predictions.quantity[row.quantity], len(predictions.label_names), settings)
    return by_quantity(probabilities, quantity)


def _scores(chosen: np.ndarray, predictions: Predictions, settings: EvaluationSettings) -> dict[str, float]:
    return asdict(annotation_scores(chosen, predictions.labels, never_predicted=settings.never_predicted))
