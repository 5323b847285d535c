import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.losses.asymmetric import AsymmetricLoss
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy

RNG = np.random.default_rng(0)
TARGETS = (RNG.random((4, 6)) < 0.4).astype(np.float32)
LOGITS = RNG.normal(scale=3, size=(4, 6)).astype(np.float32)
FOCUS = st.sampled_from([0.0, 0.3, 1.0, 2.5, 4.0])
MARGIN = st.sampled_from([0.0, 1e-6, 0.05, 0.2, 1.0])


def _loss_and_gradient(loss, targets, logits):
    logits = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss.call(tf.constant(targets), logits)
        total = tf.reduce_sum(losses)
    return losses.numpy(), tape.gradient(total, logits).numpy()


def _by_loops(targets, logits, negative, positive, margin):
    losses = []
    for y, x in zip(targets, logits, strict=True):
        p = [1 / (1 + math.exp(-value)) for value in x]
        p_m = [max(value - margin, 0.0) for value in p]
        l_plus = [(1 - value) ** positive * math.log(value) for value in p]
        l_minus = [value**negative * math.log(1 - value) if value else 0.0 for value in p_m]
        losses.append(-sum(l_plus[j] if y[j] else l_minus[j] for j in range(len(x))))
    return losses


@settings(max_examples=40, deadline=None)
@given(FOCUS, FOCUS, MARGIN)
def test_equals_plain_loops(negative, positive, margin):
    losses, _ = _loss_and_gradient(AsymmetricLoss(negative, positive, margin), TARGETS, LOGITS)
    expected = _by_loops(TARGETS, LOGITS.astype(float), negative, positive, margin)
    np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-6)


def test_worked_example():
    """At p = 1/2 and m = 1/4: the positive costs (1/2)^2 log 2, the negative (1/4)^3 log(4/3)."""
    losses, _ = _loss_and_gradient(AsymmetricLoss(3.0, 2.0, 0.25), [[1, 0]], [[0.0, 0.0]])
    np.testing.assert_allclose(losses, [0.5**2 * math.log(2) + 0.25**3 * math.log(4 / 3)], rtol=1e-6)


def test_without_focus_and_margin_it_is_the_sigmoid_cross_entropy():
    losses, gradient = _loss_and_gradient(AsymmetricLoss(0.0, 0.0, 0.0), TARGETS, LOGITS)
    expected, expected_gradient = _loss_and_gradient(SigmoidCrossEntropy("sum"), TARGETS, LOGITS)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-6)


def test_negatives_below_the_margin_cost_and_move_nothing():
    logits = [[math.log(0.04 / 0.96), math.log(0.06 / 0.94)]]
    _, gradient = _loss_and_gradient(AsymmetricLoss(0.0, 0.0, 0.05), [[0, 0]], logits)
    assert gradient[0, 0] == 0.0
    assert gradient[0, 1] > 0.0


def test_gradient_of_a_negative_by_finite_differences():
    loss, step = AsymmetricLoss(4.0, 1.0, 0.05), 1e-2
    _, gradient = _loss_and_gradient(loss, [[0, 1]], [[0.7, 0.7]])
    for label in range(2):
        up, down = ([[0.7 + sign * step * (label == j) for j in range(2)]] for sign in (1, -1))
        (above,), _ = _loss_and_gradient(loss, [[0, 1]], up)
        (below,), _ = _loss_and_gradient(loss, [[0, 1]], down)
        np.testing.assert_allclose(gradient[0, label], (above - below) / (2 * step), rtol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([-1e30, -1e4, -200.0, -88.0, -17.0, 0.0, 17.0, 88.0, 200.0, 1e4, 1e30]),
        min_size=4,
        max_size=4,
    ),
    st.lists(st.booleans(), min_size=4, max_size=4),
    FOCUS,
    FOCUS,
    MARGIN,
)
def test_extreme_logits_stay_finite(logits, labels, negative, positive, margin):
    loss = AsymmetricLoss(negative, positive, margin)
    losses, gradient = _loss_and_gradient(loss, [labels], [logits])
    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()
    assert losses[0] >= 0.0


@pytest.mark.parametrize("wrong", [{"gamma_negative": -1.0}, {"gamma_positive": -0.1}, {"margin": 1.1}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="Received: gamma_negative="):
        AsymmetricLoss(**wrong)
