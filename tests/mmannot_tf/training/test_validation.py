import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.validation import measure_outputs, selection_score

LABELS = np.array([[1, 1, 0, 0], [0, 0, 1, 0]], np.uint8)


def test_label_stages_are_judged_by_the_ranking_whatever_k():
    logits = np.array([[3.0, 1.0, 2.0, 0.0], [0.0, 1.0, 3.0, 2.0]])
    measures = measure_outputs(STAGES["cnn"], logits, LABELS, EvaluationSettings(k=2))
    # Of 4 labels handed out and 3 true ones, label 0 of the first and label 2 of the second image are right.
    precision, recall = 2 / 4, 2 / 3
    assert measures["image_f1"] == pytest.approx(100 * 2 * precision * recall / (precision + recall))
    # Labels 0 and 1 of the first image come 1st and 3rd, label 2 of the second comes 1st.
    assert measures["ranking_precision"] == pytest.approx(100 * ((1 / 1 + 2 / 3) / 2 + 1) / 2)
    assert selection_score(STAGES["cnn"], measures) == measures["ranking_precision"]


def test_quantity_stages_are_judged_by_their_squared_error():
    measures = measure_outputs(
        STAGES["quantity"], np.array([2.5, 1.25], np.float32), LABELS, EvaluationSettings()
    )
    assert measures["mse"] == pytest.approx((0.5**2 + 0.25**2) / 2)
    assert measures["accuracy"] == pytest.approx(50.0)  # 2.5 rounds to 3, where 2 is true
    assert selection_score(STAGES["quantity"], measures) == -measures["mse"]


def test_the_joint_stage_is_measured_on_both_and_picked_by_the_ranking():
    logits = np.array([[3.0, 1.0, 2.0, 0.0], [0.0, 1.0, 3.0, 2.0]])
    quantity = np.array([2.5, 1.25], np.float32)
    settings = EvaluationSettings(k=2)
    measures = measure_outputs(STAGES["joint"], {"labels": logits, "quantity": quantity}, LABELS, settings)
    apart = {
        **measure_outputs(STAGES["classifier"], logits, LABELS, settings),
        **measure_outputs(STAGES["quantity"], quantity, LABELS, settings),
    }
    assert measures == apart
    assert len(measures) == 5
    assert selection_score(STAGES["joint"], measures) == measures["ranking_precision"]
