"""The rows of Tables I to VI from one run's predictions, and controls of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmannot_tf.config.methods import in_table_order
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions, Visual
from mmannot_tf.evaluation.quantity import quantity_scores, quantize
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import (
    Evaluation,
    PairedTests,
    QuantityRow,
    ScoredRow,
    Selection,
    Source,
    TagGroup,
)
from mmannot_tf.evaluation.selection import above, by_quantity, top_k
from mmannot_tf.evaluation.thresholds import best_threshold
from mmannot_tf.evaluation.uncertainty import Uncertainty
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

FREQUENCIES = "label_frequencies"
"""The scorer that ignores the image: every image gets the training split's most frequent labels."""
KNOWN_TAGS = {"0": (0, 0), "1 or 2": (1, 2), "3 to 5": (3, 5), "6 or more": (6, None)}
"""Groups of images by how many of their tags are known: the least and the most of each."""


@dataclass(frozen=True)
class Row:
    """The recipe of one row of a table.

    Attributes:
        method: its name in the table.
        scorer: its probabilities rank the labels.
        selection: how labels are selected from them.
        quantity: the regressor that cuts the ranking; for "predicted_quantity" only.
        source: "paper" for the method's own rows in its tables, "compared" for the other systems of Tables
            III and IV, "ours" for controls that it lacks, "later" for later work.
        thresholded: there is a second row by threshold, because the scores are probabilities.
        visual: the stage whose feature the stages after it read as f_v: a run has the rows of one; None where
            it does not matter.
        threshold: labels with a score above it are given; for "threshold" only.
    """

    method: str
    scorer: str
    selection: Selection
    quantity: str | None = None
    source: Source = "paper"
    thresholded: bool = True
    visual: Visual | None = None
    threshold: float | None = None


ROWS = (
    Row("Upper bound", "classifier", "true_quantity", visual="ms_cnn"),
    Row("MS-CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity", visual="ms_cnn"),
    Row("MS-CNN+LQP", "ms_cnn", "predicted_quantity", "quantity_visual", visual="ms_cnn"),
    Row("MS-CNN+Tags", "classifier", "top_k", visual="ms_cnn"),
    Row("MS-CNN", "ms_cnn", "top_k"),
    Row("Upper bound, CNN+Tags", "classifier", "true_quantity", source="ours", visual="cnn"),
    Row("CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity", source="ours", visual="cnn"),
    Row("CNN+LQP", "cnn", "predicted_quantity", "quantity_visual", source="ours", visual="cnn"),
    Row("CNN+Tags", "classifier", "top_k", source="ours", visual="cnn"),
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

FEATURES: Mapping[Visual, Mapping[str, str]] = {
    "ms_cnn": {"quantity_visual": "MS-CNN", "quantity": "MS-CNN+Tags", "joint": "Joint"},
    "cnn": {"quantity_visual": "CNN", "quantity": "CNN+Tags", "joint": "Joint"},
}
"""Stage of f_v → regressor → the features it reads, as Tables V and VI name them and in their order."""


def row_of(scorer: str) -> Row:
    """The first row of a scorer."""
    return next(row for row in ROWS if row.scorer == scorer)


def annotating_row(predictions: Predictions) -> Row:
    """The row that annotates images: the first that the predictions allow, except the upper bound.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    return next(row for row in ROWS if row.selection != "true_quantity" and _has(predictions, row))


def evaluate(
    predictions: Predictions,
    settings: EvaluationSettings,
    *,
    readings: Mapping[str, Json],
    resampling: Resampling | None = None,
    chosen_on: Predictions | None = None,
) -> Evaluation:
    """Scores every row that the predictions allow; leaves out rows without a scorer or regressor.

    Args:
        predictions: of one split.
        settings: how labels are selected and scored.
        readings: the readings of the paper in force, for the record.
        resampling: how intervals and paired tests are made; None for neither.
        chosen_on: predictions of another split, on which each scorer's threshold is chosen; None for no
            rows with chosen thresholds.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    rows = [row for row in ROWS if _has(predictions, row)]
    ranked = [row for row in rows if row.selection == "top_k" and row.scorer != FREQUENCIES]
    rows += [_by_threshold(row, settings) for row in ranked if row.thresholded]
    rows += [_by_chosen_threshold(row, chosen_on) for row in ranked if chosen_on is not None]
    chosen = {row.method: select(row, predictions, settings) for row in rows}
    evaluation = Evaluation(
        split=predictions.split,
        images=len(predictions.ids),
        classes=len(predictions.label_names),
        classes_present=int(predictions.labels.any(axis=0).sum()),
        rows=tuple(_scored(row, chosen[row.method], predictions, settings) for row in rows),
        quantity=_quantities(predictions, settings),
        readings=readings,
        by_known_tags=_by_known_tags(rows, predictions, settings),
    )
    if resampling is None:
        return evaluation
    uncertainty = Uncertainty(
        predictions.labels, resampling, settings.never_predicted, settings.image_average
    )
    intervals, pairs = uncertainty.of(chosen)
    return replace(
        evaluation,
        rows=tuple(replace(row, intervals=intervals[row.method]) for row in evaluation.rows),
        tests=PairedTests(pairs, resampling),
    )


def _by_known_tags(
    rows: Sequence[Row], predictions: Predictions, settings: EvaluationSettings
) -> tuple[TagGroup, ...] | None:
    """The rows over each group of images; groups without images are left out."""
    if predictions.known_tags is None:
        return None
    groups = []
    for name, (least, most) in KNOWN_TAGS.items():
        wanted = predictions.known_tags >= least
        if most is not None:
            wanted &= predictions.known_tags <= most
        if wanted.any():
            part = predictions.where(wanted)
            scored = tuple(_scored(row, select(row, part, settings), part, settings) for row in rows)
            groups.append(TagGroup(name, len(part.ids), scored))
    return tuple(groups)


def _quantities(predictions: Predictions, settings: EvaluationSettings) -> tuple[QuantityRow, ...]:
    return tuple(
        QuantityRow(
            features,
            "ours" if name == "joint" or predictions.visual == "cnn" else "paper",
            quantity_scores(predictions.quantity[name], predictions.labels, settings),
        )
        for name, features in features_read(predictions).items()
    )


def features_read(predictions: Predictions) -> dict[str, str]:
    """The regressors of the predictions, in the order of the tables → the features that each reads."""
    return {name: read for name, read in FEATURES[predictions.visual].items() if name in predictions.quantity}


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
    if row.visual not in (None, predictions.visual):
        return False
    return row.scorer in predictions.probabilities and (
        row.quantity is None or row.quantity in predictions.quantity
    )


def _by_threshold(row: Row, settings: EvaluationSettings) -> Row:
    """The scorer's row as later papers report it: every label above the threshold, and mAP."""
    return Row(
        f"{row.method}, p > {settings.threshold:g}",
        row.scorer,
        "threshold",
        source=_source_by_threshold(row),
        threshold=settings.threshold,
    )


def _by_chosen_threshold(row: Row, chosen_on: Predictions) -> Row:
    """The scorer's row with the threshold that has the highest I-F1 on other images."""
    return Row(
        f"{row.method}, chosen threshold",
        row.scorer,
        "threshold",
        source=_source_by_threshold(row),
        threshold=best_threshold(chosen_on.probabilities[row.scorer], chosen_on.labels),
    )


def _source_by_threshold(row: Row) -> Source:
    """The paper has no rows by threshold."""
    return "later" if row.source == "later" else "ours"


def _scored(
    row: Row, chosen: np.ndarray, predictions: Predictions, settings: EvaluationSettings
) -> ScoredRow:
    scores = annotation_scores(
        chosen,
        predictions.labels,
        never_predicted=settings.never_predicted,
        image_average=settings.image_average,
    )
    precision = None
    if row.selection == "threshold":
        precision = mean_average_precision(predictions.probabilities[row.scorer], predictions.labels)
    return ScoredRow(row.method, row.source, row.selection, scores, precision, row.threshold)


def select(row: Row, predictions: Predictions, settings: EvaluationSettings) -> np.ndarray:
    """The labels that a row gives: [N, C] bool.

    Raises:
        ValueError: the predictions lack the row's scorer or regressor.
    """
    if not _has(predictions, row):
        raise ValueError(f"Predictions must allow the row. Received: no scorer or regressor of {row}.")
    if predictions.label_frequencies is not None and row.scorer == FREQUENCIES:  # the same for every image
        chosen = top_k(predictions.label_frequencies[np.newaxis], settings.k)
        return np.broadcast_to(chosen, predictions.labels.shape)
    probabilities = predictions.probabilities[row.scorer]
    if row.selection == "top_k":
        return top_k(probabilities, settings.k)
    if row.threshold is not None:
        return above(probabilities, row.threshold)
    if row.selection == "decoded":
        return above(probabilities, 0.0)
    if row.quantity is None:  # the upper bound
        return by_quantity(probabilities, predictions.true_quantity)
    quantity = quantize(predictions.quantity[row.quantity], len(predictions.label_names), settings)
    return by_quantity(probabilities, quantity)
