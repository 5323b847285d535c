from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate

SETTINGS = EvaluationSettings(k=1)


def test_joint_rows_come_from_the_joint_stages_own_scores_and_quantity(predictions):
    joint = replace(
        predictions,
        probabilities={"joint": np.array([[0.1, 0.8, 0.3], [0.9, 0.1, 0.7]], np.float32)},
        quantity={"joint": np.array([1.2, 1.6], np.float32)},
    )
    evaluation = evaluate(joint, SETTINGS, readings={})
    rows = {row.method: row for row in evaluation.rows}
    assert set(rows) == {"Joint MS-CNN+Tags+LQP", "Joint MS-CNN+Tags", "Joint MS-CNN+Tags, p > 0.5"}
    # Truth {sky, sea}, {owl}; top 1: {sea}, {sky}; by quantity: {sea}, {sky, owl}.
    assert rows["Joint MS-CNN+Tags"].scores.image_precision == pytest.approx(100 * 1 / 2)
    assert rows["Joint MS-CNN+Tags+LQP"].scores.image_precision == pytest.approx(100 * 2 / 3)
    assert rows["Joint MS-CNN+Tags+LQP"].scores.image_recall == pytest.approx(100 * 2 / 3)
    (quantity,) = evaluation.quantity
    assert quantity.features == "Joint"
    assert quantity.scores.mse == pytest.approx(((1.2 - 2) ** 2 + (1.6 - 1) ** 2) / 2)


def test_a_run_without_the_joint_stage_has_no_joint_rows(predictions):
    evaluation = evaluate(predictions, SETTINGS, readings={})
    named = [row.method for row in evaluation.rows] + [row.features for row in evaluation.quantity]
    assert not [name for name in named if name.startswith("Joint")]
