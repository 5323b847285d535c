"""How an epoch is judged on the validation split; the test split picks nothing."""

from dataclasses import asdict

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.metrics import annotation_scores, ranking_precision
from mmannot_tf.evaluation.quantity import quantity_scores
from mmannot_tf.evaluation.selection import top_k
from mmannot_tf.training.stage import Stage

# The measure that picks the best epoch, and whether more of it is better.
PICKS = {"labels": ("ranking_precision", 1.0), "quantity": ("mse", -1.0)}


def judge(
    stage: Stage, outputs: np.ndarray, labels: np.ndarray, settings: EvaluationSettings
) -> dict[str, float]:
    """Scores a stage's outputs on the validation split.

    Args:
        stage: whose target decides the measures.
        outputs: logits [N, C], or raw quantities [N].
        labels: multi-hot ground truth [N, C].
        settings: k and the readings of the measures.

    Returns:
        Measures by name, percent; mse in labels².
    """
    truth = labels > 0
    if stage.target == "labels":
        chosen = top_k(outputs, settings.k)
        scores = annotation_scores(chosen, truth, never_predicted=settings.never_predicted)
        ranking = ranking_precision(outputs, truth)
        return {"image_f1": scores.image_f1, "class_f1": scores.class_f1, "ranking_precision": ranking}
    return asdict(quantity_scores(outputs, truth, settings))


def score(stage: Stage, measures: dict[str, float]) -> float:
    """The number that is highest for the best epoch."""
    name, sign = PICKS[stage.target]
    return sign * measures[name]
