import math
import random
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.losses.warp import Warp, rank_weights, sampled_ranks, seed_of

RNG = np.random.default_rng(0)
TARGETS = (RNG.random((5, 8)) < 0.4).astype(np.float32)
SCORES = RNG.normal(size=(5, 8)).astype(np.float32)


def _loss(targets, scores, rank="exact"):
    return Warp(rank).call(tf.constant(targets), tf.constant(scores, tf.float32)).numpy()


def _gradient(targets, scores, rank="exact"):
    scores = tf.constant(scores, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = tf.reduce_sum(Warp(rank).call(tf.constant(targets), scores))
    return tape.gradient(loss, scores).numpy()


def _by_loops(y, f):
    """J of one image with exact ranks."""
    positives = [j for j in range(len(y)) if y[j]]
    negatives = [k for k in range(len(y)) if not y[k]]
    total = 0.0
    for j in positives:
        rank = sum(1 - f[j] + f[k] > 0 for k in negatives)
        weight = sum(1 / i for i in range(1, rank + 1))
        total += sum(weight * max(0.0, 1 - f[j] + f[k]) for k in negatives)
    return total


def _rank_by_trying(violates, labels, draw):
    """The procedure of Weston et al.: negatives until one violates, at most c - 1 of them."""
    for trial in range(1, labels):
        if draw.choice(violates):
            return (labels - 1) // trial
    return 0


def test_equals_plain_loops():
    expected = [_by_loops(y, f) for y, f in zip(TARGETS, SCORES.astype(float), strict=True)]
    np.testing.assert_allclose(_loss(TARGETS, SCORES), expected, rtol=1e-5)


def test_worked_example():
    """The positive's margin is violated by 1.5 and 0.5, so its rank is 2; the third negative is below."""
    loss = _loss([[1, 0, 0, 0]], [[1.0, 1.5, 0.5, -1.0]])
    np.testing.assert_allclose(loss, [(1 + 1 / 2) * (1.5 + 0.5)])


def test_sampled_where_all_violate_finds_one_at_once():
    """s = 1, so r = c - 1 = 3, more than the two negatives there are."""
    loss = _loss([[1, 1, 0, 0]], [[0.0, 9.0, 0.0, 1.0]], "sampled")
    np.testing.assert_allclose(loss, [(1 + 1 / 2 + 1 / 3) * (1.0 + 2.0)])


@pytest.mark.parametrize("rank", ["exact", "sampled"])
@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_no_label_or_no_other_costs_and_moves_nothing(rank, y):
    assert _loss([y], [[3.0, -1.0, 2.0]], rank).tolist() == [0.0]
    assert _gradient([y], [[3.0, -1.0, 2.0]], rank).tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("rank", ["exact", "sampled"])
def test_margins_kept_cost_nothing(rank):
    assert _loss([[1, 0, 0]], [[2.0, 1.0, 0.5]], rank).tolist() == [0.0]


def test_sampled_without_a_violator_has_rank_0():
    assert sampled_ranks(
        tf.constant([[0, 0]]), tf.constant([[5]]), labels=7, uniform=tf.constant([[0.0, 0.999]])
    ).numpy().tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("uniform", "trials"), [(0.0, 1), (0.49, 1), (0.51, 2), (0.74, 2), (0.76, 3), (0.999999, 20)]
)
def test_trials_of_a_fair_coin(uniform, trials):
    """P(s ≤ n) = 1 - 2^-n; with c = 11 labels, more than 10 trials give the rank 0."""
    ranks = sampled_ranks(tf.constant([[3]]), tf.constant([[6]]), labels=11, uniform=tf.constant([[uniform]]))
    assert ranks.numpy().tolist() == [[10 // trials]]


@pytest.mark.parametrize(("violators", "negatives"), [(1, 9), (4, 8), (7, 9), (1, 1)])
def test_sampled_ranks_are_distributed_as_by_trying(violators, negatives):
    labels, count = 12, 20_000
    uniform = np.random.default_rng(1).random((1, count), dtype=np.float32)
    drawn = sampled_ranks(
        tf.fill((1, count), violators), tf.constant([[negatives]]), labels=labels, uniform=uniform
    )
    draw = random.Random(2)
    violates = [number < violators for number in range(negatives)]
    tried = Counter(_rank_by_trying(violates, labels, draw) for _ in range(count))
    shares = Counter(drawn.numpy().ravel().tolist())
    assert set(shares) == set(tried)
    for rank in shares | tried:
        deviation = math.sqrt(2 * count * (tried[rank] / count) * (1 - tried[rank] / count))
        assert abs(shares[rank] - tried[rank]) <= 4.5 * deviation


def test_sampled_loss_averages_over_seeds_as_the_distribution_says():
    """Half of the negatives violate: E[L(floor(4 / s))] with P(s) = 2^-s."""
    scores = np.zeros((4000, 5), np.float32) + np.array([0.0, 1.0, 1.0, -9.0, -9.0], np.float32)
    mean = _loss(np.eye(5)[[0] * 4000], scores, "sampled").mean() / (2.0 + 2.0)
    weights = np.cumsum([0, 1, 1 / 2, 1 / 3, 1 / 4])
    expected = sum(2.0**-s * weights[4 // s] for s in range(1, 5))
    np.testing.assert_allclose(mean, expected, atol=0.05)


def test_sampling_is_a_pure_function_in_and_out_of_a_graph():
    eager = _loss(TARGETS, SCORES, "sampled")
    assert _loss(TARGETS, SCORES, "sampled").tolist() == eager.tolist()
    graph = tf.function(Warp("sampled").call)(tf.constant(TARGETS), tf.constant(SCORES))
    np.testing.assert_allclose(graph, eager, rtol=1e-6)


def test_seed_follows_each_score_and_its_place():
    scores = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    seeds = [
        seed_of(scores),
        seed_of(scores + tf.constant([[0.0, 0.0], [0.0, 1e-6]])),
        seed_of(scores[::-1]),
        seed_of(tf.transpose(scores)),
    ]
    assert len({tuple(seed.numpy().tolist()) for seed in seeds}) == 4


def test_gradient_by_finite_differences():
    """Away from the kinks, where the ranks do not change either; the weights carry no gradient."""
    margins = 1 - SCORES[:, :, None] + SCORES[:, None, :]
    step = 1e-4
    assert np.abs(margins).min() > 4 * step
    gradient = _gradient(TARGETS, SCORES)
    for label in range(8):
        move = step * np.eye(8)[label]
        rows = list(zip(TARGETS, SCORES.astype(float), strict=True))
        up = np.array([_by_loops(y, f + move) for y, f in rows])
        down = np.array([_by_loops(y, f - move) for y, f in rows])
        np.testing.assert_allclose(gradient[:, label], (up - down) / (2 * step), rtol=1e-3, atol=1e-3)


def test_gradient_pulls_positives_up_and_pushes_violators_down():
    gradient = _gradient([[1, 0, 0]], [[0.0, 2.0, -3.0]])
    assert gradient.tolist() == [[-1.0, 1.0, 0.0]]


@pytest.mark.parametrize("rank", ["exact", "sampled"])
def test_extreme_scores_stay_finite(rank):
    scores = [[1e30, -1e30, 0.0, 5.0], [-1e4, 1e4, 1e4, -1e4]]
    for y in ([1, 0, 1, 0], [0, 1, 0, 0]):
        assert np.isfinite(_loss([y] * 2, scores, rank)).all()
        assert np.isfinite(_gradient([y] * 2, scores, rank)).all()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-8, 8).map(lambda n: n / 4), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.permutations(range(6)),
    st.sampled_from([-2.0, 0.5, 16.0]),
)
def test_order_of_labels_and_a_constant_change_nothing(scores, labels, order, constant):
    loss = _loss([labels], [scores])
    np.testing.assert_allclose(loss, [_by_loops(labels, scores)], rtol=1e-5)
    moved = _loss([[labels[i] for i in order]], [[scores[i] + constant for i in order]])
    np.testing.assert_allclose(moved, loss, rtol=1e-5)


def test_rank_weights_are_harmonic_numbers():
    weights = rank_weights(tf.constant([[0, 1], [2, 4]]), labels=4)
    np.testing.assert_allclose(weights, [[0, 1], [1 + 1 / 2, 1 + 1 / 2 + 1 / 3 + 1 / 4]], rtol=1e-6)


def test_unknown_rank_is_refused():
    with pytest.raises(ValueError, match="Received: rank='median'"):
        Warp("median")
