import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy

RNG = np.random.default_rng(0)
TARGETS = (RNG.random((4, 6)) < 0.4).astype(np.float32)
LOGITS = RNG.normal(scale=3, size=(4, 6)).astype(np.float32)


def _equation_4():
    """The printed formula, term by term, in float64."""
    sigmoid = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    return TARGETS * -np.log(sigmoid) + (1 - TARGETS) * -np.log(1 - sigmoid)


def test_sums_over_labels_by_default():
    np.testing.assert_allclose(
        SigmoidCrossEntropy().call(tf.constant(TARGETS), tf.constant(LOGITS)), _equation_4().sum(1), rtol=1e-5
    )


def test_mean_over_labels():
    loss = SigmoidCrossEntropy("mean").call(tf.constant(TARGETS), tf.constant(LOGITS))
    np.testing.assert_allclose(loss, _equation_4().mean(1), rtol=1e-5)


def test_logits_of_zero_cost_log_2_each():
    np.testing.assert_allclose(
        SigmoidCrossEntropy().call(tf.ones((1, 3)), tf.zeros((1, 3))), [3 * np.log(2)], rtol=1e-6
    )


def test_extreme_logits_stay_finite():
    loss = SigmoidCrossEntropy().call(tf.constant([[1.0, 0.0]]), tf.constant([[-1000.0, 1000.0]]))
    np.testing.assert_allclose(loss, [1000.0 + 1000.0])


def test_boolean_targets():
    targets = tf.constant(TARGETS > 0)
    np.testing.assert_allclose(
        SigmoidCrossEntropy().call(targets, tf.constant(LOGITS)), _equation_4().sum(1), rtol=1e-5
    )


def test_gradient_is_sigmoid_minus_target():
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(SigmoidCrossEntropy().call(tf.constant(TARGETS), logits))
    np.testing.assert_allclose(tape.gradient(loss, logits), 1 / (1 + np.exp(-LOGITS)) - TARGETS, atol=1e-6)


def test_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="Received: over_labels='max'"):
        SigmoidCrossEntropy("max")
