"""Every loss leaves out what is not known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mmannot_tf.losses import AsymmetricLoss, QuantityError, SigmoidCrossEntropy, SoftmaxCrossEntropy, Warp
from mmannot_tf.losses.targets import UNKNOWN
from mmannot_tf.losses.warp import sampled_ranks

RNG = np.random.default_rng(0)
Y = (RNG.random((6, 9)) < 0.4).astype(np.float32)
LOGITS = RNG.normal(scale=3, size=(6, 9)).astype(np.float32)
HIDDEN = RNG.random((6, 9)) < 0.3
PARTLY = np.where(HIDDEN, UNKNOWN, Y).astype(np.float32)

LOSSES = {
    "sum": SigmoidCrossEntropy(),
    "mean": SigmoidCrossEntropy("mean"),
    "softmax": SoftmaxCrossEntropy(),
    "warp": Warp("exact"),
    "warp sampled": Warp("sampled"),
    "asl": AsymmetricLoss(),
    "asl without margin": AsymmetricLoss(2.0, 1.0, 0.0),
}

UNDRAWN = [name for name in LOSSES if name != "warp sampled"]
"""Those that draw nothing from the bits of all scores."""


def _softmax(y, x):
    p_bar = ops.divide_no_nan(y, ops.sum(y, axis=-1, keepdims=True))
    return -ops.sum(p_bar * ops.log_softmax(x), axis=-1)


def _asl(y, x):
    loss = LOSSES["asl"]
    return -ops.sum(y * loss._positive(x) + (1.0 - y) * loss._negative(x), axis=-1)


def _warp(y, x):
    hinges = tf.nn.relu(1.0 - x[:, :, None] + x[:, None, :])
    hinges = tf.where((y > 0)[:, :, None] & (y == 0)[:, None, :], hinges, 0.0)
    ranks = tf.math.count_nonzero(hinges, axis=-1)
    weights = tf.gather(tf.constant(np.cumsum([0.0, *(1.0 / np.arange(1, 10))]), tf.float32), ranks)
    return tf.reduce_sum(tf.stop_gradient(weights) * tf.reduce_sum(hinges, axis=-1), axis=-1)


WITHOUT = {
    "sum": lambda y, x: ops.sum(ops.binary_crossentropy(y, x, from_logits=True), axis=-1),
    "mean": lambda y, x: ops.mean(ops.binary_crossentropy(y, x, from_logits=True), axis=-1),
    "softmax": _softmax,
    "warp": _warp,
    "asl": _asl,
}
"""The same equations without anything unknown."""


@tf.function
def _with_gradient(loss, targets, logits):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss(targets, logits)
    return losses, tape.gradient(losses, logits)


def _values(loss, targets, logits):
    call = loss.call if isinstance(loss, keras.losses.Loss) else loss
    return [value.numpy() for value in _with_gradient(call, tf.constant(targets), tf.constant(logits))]


@pytest.mark.parametrize("name", LOSSES)
def test_an_unknown_label_has_a_gradient_of_exactly_0(name):
    losses, gradient = _values(LOSSES[name], PARTLY, LOGITS)
    assert (gradient[HIDDEN] == 0.0).all() and np.isfinite(losses).all()
    assert (gradient[~HIDDEN] != 0.0).any()


@pytest.mark.parametrize("name", UNDRAWN)
def test_the_loss_is_that_of_the_known_labels_alone(name):
    losses, gradient = _values(LOSSES[name], PARTLY, LOGITS)
    for image, known in enumerate(~HIDDEN):
        alone, of_known = _values(LOSSES[name], Y[image : image + 1, known], LOGITS[image : image + 1, known])
        np.testing.assert_allclose(losses[image], alone[0], rtol=1e-5)
        np.testing.assert_allclose(gradient[image, known], of_known[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", WITHOUT)
def test_with_all_labels_known_no_bit_changes(name):
    for ours, without in zip(
        _values(LOSSES[name], Y, LOGITS), _values(WITHOUT[name], Y, LOGITS), strict=True
    ):
        assert ours.tobytes() == without.tobytes()


@pytest.mark.parametrize("name", LOSSES)
def test_an_image_of_which_nothing_is_known_costs_and_moves_nothing(name):
    losses, gradient = _values(LOSSES[name], np.full_like(Y, UNKNOWN), LOGITS)
    assert not losses.any() and not gradient.any()


@pytest.mark.parametrize("extreme", [1e4, -1e4])
@pytest.mark.parametrize("name", UNDRAWN)
def test_the_score_of_an_unknown_label_does_not_matter(name, extreme):
    moved = np.where(HIDDEN, np.float32(extreme), LOGITS)
    for here, there in zip(
        _values(LOSSES[name], PARTLY, LOGITS), _values(LOSSES[name], PARTLY, moved), strict=True
    ):
        np.testing.assert_array_equal(here, there)


def test_sampled_ranks_count_known_labels():
    """All negatives violate: s = 1, so r = c - 1, with c = 3 of 9 labels known."""
    ranks = sampled_ranks(
        tf.constant([[2]]), tf.constant([[2]]), labels=tf.constant([[3]]), uniform=tf.constant([[0.5]])
    )
    assert ranks.numpy().tolist() == [[2]]


def test_an_unknown_quantity_costs_and_moves_nothing():
    losses, gradient = _values(QuantityError(), np.float32([3, UNKNOWN]), np.float32([2.5, 40.0]))
    assert losses.tolist() == [0.25, 0.0] and gradient.tolist() == [-1.0, 0.0]
