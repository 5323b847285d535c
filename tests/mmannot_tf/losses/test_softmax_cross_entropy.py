import math

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.losses.softmax_cross_entropy import SoftmaxCrossEntropy

RNG = np.random.default_rng(0)
TARGETS = (RNG.random((4, 6)) < 0.4).astype(np.float32)
LOGITS = RNG.normal(scale=3, size=(4, 6)).astype(np.float32)


def _loss(targets, logits):
    return SoftmaxCrossEntropy().call(tf.constant(targets), tf.constant(logits, tf.float32)).numpy()


def _gradient(targets, logits):
    logits = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(SoftmaxCrossEntropy().call(tf.constant(targets), logits))
    return tape.gradient(loss, logits).numpy()


def _by_loops(targets, logits):
    losses = []
    for y, f in zip(targets, logits, strict=True):
        normaliser = sum(math.exp(value) for value in f)
        present = [label for label, there in enumerate(y) if there]
        losses.append(sum(-math.log(math.exp(f[j]) / normaliser) / len(present) for j in present))
    return losses


def test_equals_plain_loops():
    np.testing.assert_allclose(_loss(TARGETS, LOGITS), _by_loops(TARGETS, LOGITS.astype(float)), rtol=1e-5)


def test_worked_example():
    """Probabilities 1/4, 1/4, 1/2; the first and the last label are there, each with the target 1/2."""
    loss = _loss([[1, 0, 1]], [[0.0, 0.0, math.log(2)]])
    np.testing.assert_allclose(loss, [0.5 * math.log(4) + 0.5 * math.log(2)], rtol=1e-6)


def test_one_label_is_the_ordinary_cross_entropy():
    y = np.eye(6, dtype=np.float32)[[3, 1, 0, 5]]
    expected = tf.nn.softmax_cross_entropy_with_logits(y, LOGITS)
    np.testing.assert_allclose(_loss(y, LOGITS), expected, rtol=1e-5)


def test_image_without_labels_costs_and_moves_nothing():
    assert _loss([[0, 0, 0]], [[1.0, -2.0, 5.0]]).tolist() == [0.0]
    assert _gradient([[0, 0, 0]], [[1.0, -2.0, 5.0]]).tolist() == [[0.0, 0.0, 0.0]]


def test_equal_logits_cost_log_c_whatever_the_labels():
    np.testing.assert_allclose(_loss([[1, 0, 1, 1], [1, 1, 1, 1]], np.zeros((2, 4))), [math.log(4)] * 2)


def test_gradient_is_probability_minus_target():
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    labelled = TARGETS.any(1, keepdims=True)
    expected = labelled * (p - TARGETS / np.maximum(TARGETS.sum(1, keepdims=True), 1))
    np.testing.assert_allclose(_gradient(TARGETS, LOGITS), expected, atol=1e-6)


def test_extreme_logits_stay_finite():
    logits = [[-1e4, 1e4, 0.0], [1e30, -1e30, 0.0]]
    assert np.isfinite(_loss([[1, 0, 1]] * 2, logits)).all()
    assert np.isfinite(_gradient([[1, 0, 1]] * 2, logits)).all()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-20, 20, width=32), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.floats(-20, 20, width=32),
)
def test_a_constant_on_all_logits_changes_nothing(logits, labels, constant):
    shifted = np.add(logits, constant)
    np.testing.assert_allclose(_loss([labels], [shifted]), _loss([labels], [logits]), atol=1e-4)
    assert _loss([labels], [logits])[0] >= 0.0
