import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.quantity import quantity_scores, quantize

RAW = np.array([-3.0, 0.2, 1.49, 1.5, 2.5, 2.51, 9.0], np.float32)


@pytest.mark.parametrize(
    ("rounding", "least", "expected"),
    [
        ("nearest", 1, [1, 1, 1, 2, 3, 3, 5]),  # a half goes up
        ("nearest", 0, [0, 0, 1, 2, 3, 3, 5]),
        ("down", 1, [1, 1, 1, 1, 2, 2, 5]),
        ("up", 1, [1, 1, 2, 2, 3, 3, 5]),
        ("up", 0, [0, 1, 2, 2, 3, 3, 5]),
    ],
)
def test_quantities_are_rounded_then_clipped(rounding, least, expected):
    settings = EvaluationSettings(quantity_rounding=rounding, least_quantity=least)
    assert quantize(RAW, 5, settings).tolist() == expected


@given(arrays(np.float32, 4, elements=st.floats(-1e6, 1e6, width=32)))
def test_quantized_output_is_within_bounds_and_nearest(raw):
    quantity = quantize(raw, 6, EvaluationSettings())
    assert ((quantity >= 1) & (quantity <= 6)).all()
    inside = (raw >= 1) & (raw <= 6)
    assert (np.abs(quantity - raw)[inside] <= 0.5).all()


def test_accuracy_takes_the_quantized_and_mse_the_raw_output():
    labels = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]], bool)
    raw = np.array([0.2, 1.4, 4.0, 1.0], np.float32)  # 1 (clipped), 1, 3 (clipped), 1
    scores = quantity_scores(raw, labels, EvaluationSettings())
    assert scores.accuracy == pytest.approx(100 * 3 / 4)
    assert scores.mse == pytest.approx(((0.2 - 1) ** 2 + (1.4 - 2) ** 2 + (4 - 3) ** 2 + 0) / 4)
