"""Scores the rows of the catalogue from one run's predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.selection import above, by_quantity, top_k
from mmannot_tf.decisions.thresholds import best_threshold
from mmannot_tf.decisions.true_quantity import TrueQuantity
from mmannot_tf.decisions.way import Scores
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.quantity import quantity_scores, quantize
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import (
    Evaluation,
    PairedTests,
    QuantityRow,
    ScoredRow,
    Source,
    TagGroup,
)
from mmannot_tf.evaluation.row_catalogue import FEATURES, FREQUENCIES, ROWS, Row
from mmannot_tf.evaluation.uncertainty import Uncertainty
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

KNOWN_TAGS = {"0": (0, 0), "1 or 2": (1, 2), "3 to 5": (3, 5), "6 or more": (6, None)}
"""Groups of images by how many of their tags are known: the least and the most of each."""


def annotating_row(predictions: Predictions, settings: EvaluationSettings) -> Row:
    """The row that annotates images: the first that the predictions allow, except the upper bound.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    rows = [row for row in _rows(predictions) if row.selection != "true_quantity"]
    wanted = [row for row in rows if (row.untagged is not None) == (settings.untagged == "visual")]
    return (wanted or rows)[0]


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
        chosen_on: predictions of another split, on which each scorer's threshold is chosen; a scorer that
            they lack has no row with a chosen threshold. None for no such rows.

    Raises:
        UserError: no known scorer is among the predictions.
    """
    _check_scorers(predictions)
    rows = _rows(predictions)
    of_k = [row for row in rows if row.selection == "top_k"]
    ranked = [row for row in of_k if row.scorer != FREQUENCIES]
    rows += [_with_k(row, k) for k in settings.other_k for row in of_k]
    fixed = settings.threshold
    rows += [_by_threshold(row, f"p > {fixed:g}", fixed) for row in ranked if row.thresholded]
    if chosen_on is not None:
        rows += [
            _by_threshold(row, "chosen threshold", chosen_threshold(row, chosen_on))
            for row in ranked
            if row.scorer in chosen_on.probabilities
        ]
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
        unknown=None if predictions.unknown is None else int(predictions.unknown.sum()) or None,
    )
    if resampling is None:
        return evaluation
    uncertainty = Uncertainty(
        predictions.labels, resampling, settings.never_predicted, settings.image_average
    )
    measured = uncertainty.of(chosen)
    return replace(
        evaluation,
        rows=tuple(
            replace(row, intervals=measured.intervals[row.method], biased=measured.biased[row.method])
            for row in evaluation.rows
        ),
        tests=PairedTests(measured.pairs, resampling),
    )


def _rows(predictions: Predictions) -> list[Row]:
    """The rows that the predictions allow; with images that have no known tag, also those for such images."""
    has_untagged = predictions.known_tags is not None and not predictions.known_tags.all()
    return [row for row in ROWS if _has(predictions, row) and (row.untagged is None or has_untagged)]


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
    """The rows over the images whose quantity is known; none without such images."""
    if not predictions.with_quantity.any():
        return ()
    predictions = predictions if predictions.unknown is None else predictions.where(predictions.with_quantity)
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
    if row.untagged is not None and (predictions.known_tags is None or not _has(predictions, row.untagged)):
        return False
    return row.scorer in predictions.probabilities and (
        row.quantity is None or row.quantity in predictions.quantity
    )


def _with_k(row: Row, k: int) -> Row:
    """The row with another number of labels for every image than the paper's."""
    return replace(row, method=f"{row.method}, k = {k}", source=_source_of_another_selection(row), k=k)


def _by_threshold(row: Row, name: str, threshold: float) -> Row:
    """The scorer's row as later papers report it: every label above the threshold, and mAP."""
    return Row(
        f"{row.method}, {name}",
        row.scorer,
        "threshold",
        source=_source_of_another_selection(row),
        threshold=threshold,
    )


def chosen_threshold(row: Row, chosen_on: Predictions) -> float:
    """The threshold with the scorer's highest I-F1 on other images."""
    scores = Scores(chosen_on.probabilities[row.scorer], unknown=chosen_on.unknown)
    return best_threshold(scores.probabilities[scores.known], chosen_on.labels[scores.known])


def _source_of_another_selection(row: Row) -> Source:
    """The paper has no rows by threshold, and none with another number of labels."""
    return "ours" if row.source == "paper" else row.source


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
        precision = mean_average_precision(
            predictions.probabilities[row.scorer], predictions.labels, predictions.unknown
        )
    return ScoredRow(row.method, row.source, row.selection, scores, precision, row.threshold)


def select(row: Row, predictions: Predictions, settings: EvaluationSettings) -> np.ndarray:
    """The labels that a row gives, without those of which nothing is known: [N, C] bool.

    Raises:
        ValueError: the predictions lack the row's scorer or regressor.
    """
    return predictions.scored(_selected(row, predictions, settings))


def _selected(row: Row, predictions: Predictions, settings: EvaluationSettings) -> np.ndarray:
    if not _has(predictions, row):
        raise ValueError(f"Predictions must allow the row. Received: no scorer or regressor of {row}.")
    if predictions.label_frequencies is not None and row.scorer == FREQUENCIES:  # the same for every image
        chosen = top_k(predictions.label_frequencies[np.newaxis], row.k or settings.k)
        return np.broadcast_to(chosen, predictions.labels.shape)
    if row.untagged is not None and predictions.known_tags is not None:
        tagged = _selected(replace(row, untagged=None), predictions, settings)
        untagged = _selected(row.untagged, predictions, settings)
        return np.where(predictions.known_tags[:, np.newaxis] > 0, tagged, untagged)
    probabilities = predictions.probabilities[row.scorer]
    if row.selection == "top_k":
        return top_k(probabilities, row.k or settings.k)
    if row.threshold is not None:
        return above(probabilities, row.threshold)
    if row.selection == "decoded":
        return above(probabilities, 0.0)
    if row.quantity is None:  # the upper bound
        scores = Scores(probabilities, None, predictions.true_quantity, predictions.unknown)
        return TrueQuantity().select(scores)
    quantity = quantize(predictions.quantity[row.quantity], len(predictions.label_names), settings)
    return by_quantity(probabilities, quantity)
