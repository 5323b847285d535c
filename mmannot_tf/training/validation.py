"""Measures on the validation split, and the score that selects the best epoch."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.selection import top_k
from mmannot_tf.evaluation.metrics import annotation_scores, ranking_precision
from mmannot_tf.evaluation.quantity import quantity_scores
from mmannot_tf.evaluation.row_catalogue import row_of
from mmannot_tf.runs.stage import Stage, as_mapping

# The measure that selects the best epoch; the sign is -1 where a smaller value is better.
SELECTION_MEASURES = {"labels": ("ranking_precision", 1.0), "quantity": ("mse", -1.0)}


def measure_outputs(
    stage: Stage, outputs: Any, targets: np.ndarray, settings: EvaluationSettings
) -> dict[str, float]:
    """Measures a stage's outputs on the validation split.

    Args:
        stage: its targets decide the measures.
        outputs: of its network: logits [N, C] or raw quantities [N], or a dict of both by target.
        targets: of the labels [N, C], 0 and 1; below 0 where nothing is known, which is left out.
        settings: k and the readings of the measures.

    Returns:
        Measures by name, percent; mse in labels².
    """
    measures: dict[str, float] = {}
    for target, predicted in as_mapping(stage.targets, outputs).items():
        measures.update(MEASURES[target](predicted, targets, settings))
    return measures


def selection_score(stage: Stage, measures: dict[str, float]) -> float:
    """The score that is highest for the best epoch, from the stage's first target."""
    name, sign = SELECTION_MEASURES[stage.targets[0]]
    return sign * measures[name]


def measure_method_scores(
    scorer: str, scores: np.ndarray, targets: np.ndarray, settings: EvaluationSettings
) -> tuple[dict[str, float], float]:
    """Measures a compared system's scores on the validation split, with the label selection of its table row.

    Args:
        scorer: the system's name.
        scores: [N, C]; they rank the labels, or are above 0 for the selected ones.
        targets: as in `measure_outputs`.
        settings: k and the readings of the measures.

    Returns:
        Measures by name, percent, and the score that is highest for the best epoch: precision of the whole
        ranking as for our stages, or I-F1 where a system decodes the labels itself.
    """
    if row_of(scorer).selection != "decoded":
        measures = _label_measures(scores, targets, settings)
        return measures, measures["ranking_precision"]
    measures = set_measures(scores > 0, targets, settings)
    return measures, measures["image_f1"]


def _label_measures(
    logits: np.ndarray, targets: np.ndarray, settings: EvaluationSettings
) -> dict[str, float]:
    ranking = ranking_precision(logits, targets > 0, targets < 0)
    return {**set_measures(top_k(logits, settings.k), targets, settings), "ranking_precision": ranking}


def set_measures(chosen: np.ndarray, targets: np.ndarray, settings: EvaluationSettings) -> dict[str, float]:
    """I-F1 and C-F1 of given labels, bool [N, C], percent; targets as in `measure_outputs`."""
    scores = annotation_scores(
        chosen & (targets >= 0),
        targets > 0,
        never_predicted=settings.never_predicted,
        image_average=settings.image_average,
    )
    return {"image_f1": scores.image_f1, "class_f1": scores.class_f1}


def _quantity_measures(
    quantity: np.ndarray, targets: np.ndarray, settings: EvaluationSettings
) -> dict[str, float]:
    known = (targets >= 0).all(axis=1)
    if not known.any():  # a fold of the cross-validation: the same for every coefficient
        return {"accuracy": 0.0, "mse": 0.0}
    return asdict(quantity_scores(quantity[known], targets[known] > 0, settings))


# Target → its measures; no two targets have a measure of the same name.
MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray, EvaluationSettings], dict[str, float]]] = {
    "labels": _label_measures,
    "quantity": _quantity_measures,
}
