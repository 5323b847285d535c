"""The rows of Tables I/II and V/VI from one run's predictions, and ours beside them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from mmannot_tf.config.methods import in_table_order
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.quantity import quantity_scores, quantize
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.selection import above, by_quantity, top_k
from mmannot_tf.evaluation.uncertainty import Uncertainty
from tfrecords_tools.shell.errors import UserError

Selection = Literal["true_quantity", "predicted_quantity", "top_k", "threshold", "decoded"]
Source = Literal["paper", "ours", "compared", "later"]

FREQUENCIES = "label_frequencies"
"""The scorer that looks at no image: every image gets the training split's most frequent labels."""


@dataclass(frozen=True)
class Row:
    """How one row of a table is made.

    Attributes:
        method: its name in the table.
        scorer: whose probabilities rank the labels.
        selection: how labels are selected from them.
        quantity: whose predicted quantity cuts the ranking; for "predicted_quantity" only.
        source: "paper" for the method's own rows in its tables, "compared" for the other systems of Tables
            III and IV, "ours" for controls that it lacks, "later" for later work.
        thresholded: a row by threshold stands beside it: its scores are probabilities of this image's labels.
    """

    method: str
    scorer: str
    selection: Selection
    quantity: str | None = None
    source: Source = "paper"
    thresholded: bool = True


ROWS = (
    Row("Upper bound", "classifier", "true_quantity"),
    Row("MS-CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity"),
    Row("MS-CNN+LQP", "ms_cnn", "predicted_quantity", "quantity_visual"),
    Row("MS-CNN+Tags", "classifier", "top_k"),
    Row("MS-CNN", "ms_cnn", "top_k"),
    Row("CNN", "cnn", "top_k"),
    Row("CNN, trained as long", "cnn_longer", "top_k", source="ours"),
    Row("Tags only", "tag_encoder", "top_k", source="ours"),
    Row("Label frequencies", FREQUENCIES, "top_k", source="ours", thresholded=False),
    Row("Joint MS-CNN+Tags+LQP", "joint", "predicted_quantity", "joint", source="ours"),
    Row("Joint MS-CNN+Tags", "joint", "top_k", source="ours"),
    *(
        Row(
            system.title,
            system.name,
            system.selection,
            source=system.source,
            thresholded=system.thresholded,
        )
        for system in in_table_order()
    ),
)

FEATURES = {"quantity_visual": "MS-CNN", "quantity": "MS-CNN+Tags", "joint": "Joint"}
"""Regressor → the features it reads, as Tables V and VI name them, in their order; then ours."""


def row_of(scorer: str) -> Row:
    """The first row that a scorer has."""
    return next(row for row in ROWS if row.scorer == scorer)


def handed_out(predictions: Predictions) -> Row:
    """The row whose annotations a reader is shown: the first that the predictions allow, no upper bound.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    return next(row for row in ROWS if row.selection != "true_quantity" and _has(predictions, row))


def evaluate(
    predictions: Predictions,
    settings: EvaluationSettings,
    *,
    readings: Mapping[str, Any],
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """Every row that the predictions allow; rows whose scorer or regressor is absent are left out.

    Args:
        predictions: of one split.
        settings: how labels are selected and scored.
        readings: the readings of the paper in force, for the record.
        resampling: how intervals and paired tests are made; None for neither.

    Returns:
        A JSON document {"split", "images", "classes", "classes_present", "rows", "quantity", "readings"},
        scores in percent. "classes_present" have a true label in the split; C-R is a mean over them. The
        "source" of a row is that of `Row`. With `resampling` each of "rows" has "intervals", measure →
        [low, high] (mAP has none), and the document has "pairs" and "resampling".

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    rows = [row for row in ROWS if _has(predictions, row)]
    rows += [_by_threshold(row, settings) for row in rows if row.selection == "top_k" and row.thresholded]
    chosen = {row.method: select(row, predictions, settings) for row in rows}
    document = {
        "split": predictions.split,
        "images": len(predictions.ids),
        "classes": len(predictions.label_names),
        "classes_present": int(predictions.labels.any(axis=0).sum()),
        "rows": [_scored(row, chosen[row.method], predictions, settings) for row in rows],
        "quantity": [
            {
                "features": features,
                "source": "ours" if name == "joint" else "paper",
                **asdict(quantity_scores(predictions.quantity[name], predictions.labels, settings)),
            }
            for name, features in FEATURES.items()
            if name in predictions.quantity
        ],
        "readings": dict(readings),
    }
    if resampling is None:
        return document
    uncertainty = Uncertainty(
        predictions.labels, resampling, settings.never_predicted, settings.image_average
    )
    intervals, pairs = uncertainty.of(chosen)
    measured = [{**row, "intervals": intervals[row["method"]]} for row in document["rows"]]
    return {**document, "rows": measured, "pairs": pairs, "resampling": asdict(resampling)}


def _check_scorers(predictions: Predictions) -> None:
    known = {row.scorer for row in ROWS} - {FREQUENCIES}
    if not known & set(predictions.probabilities):
        raise UserError(
            f"predictions must hold a known scorer ({', '.join(sorted(known))}). "
            f"Received: {', '.join(sorted(predictions.probabilities)) or 'none'}; train the run first."
        )


def _has(predictions: Predictions, row: Row) -> bool:
    if row.scorer == FREQUENCIES:
        return predictions.label_frequencies is not None
    return row.scorer in predictions.probabilities and (
        row.quantity is None or row.quantity in predictions.quantity
    )


def _by_threshold(row: Row, settings: EvaluationSettings) -> Row:
    """A scorer read as later papers do: every label above the threshold, and mAP."""
    source = "later" if row.source == "later" else "ours"
    return Row(f"{row.method}, p > {settings.threshold:g}", row.scorer, "threshold", source=source)


def _scored(
    row: Row, chosen: np.ndarray, predictions: Predictions, settings: EvaluationSettings
) -> dict[str, Any]:
    scores = annotation_scores(
        chosen,
        predictions.labels,
        never_predicted=settings.never_predicted,
        image_average=settings.image_average,
    )
    record = {"method": row.method, "source": row.source, "selection": row.selection, **asdict(scores)}
    if row.selection == "threshold":
        probabilities = predictions.probabilities[row.scorer]
        record["mean_average_precision"] = mean_average_precision(probabilities, predictions.labels)
    return record


def select(row: Row, predictions: Predictions, settings: EvaluationSettings) -> np.ndarray:
    """The annotations of a row that the predictions allow: [N, C] bool."""
    if row.scorer == FREQUENCIES:  # the same for every image
        chosen = top_k(predictions.label_frequencies[np.newaxis], settings.k)
        return np.broadcast_to(chosen, predictions.labels.shape)
    probabilities = predictions.probabilities[row.scorer]
    if row.selection == "top_k":
        return top_k(probabilities, settings.k)
    if row.selection == "threshold":
        return above(probabilities, settings.threshold)
    if row.selection == "decoded":
        return above(probabilities, 0.0)
    if row.selection == "true_quantity":
        return by_quantity(probabilities, predictions.true_quantity)
    quantity = quantize(predictions.quantity[row.quantity], len(predictions.label_names), settings)
    return by_quantity(probabilities, quantity)
