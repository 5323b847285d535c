import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    precision_recall_fscore_support,
)

from mmannot_tf.decisions.selection import by_quantity
from mmannot_tf.evaluation.metrics import (
    SYMBOLS,
    annotation_scores,
    harmonic_mean,
    mean_average_precision,
    ranking_precision,
    scores_of_counts,
)

MULTI_HOT = arrays(bool, (6, 4))
PAIRS = st.tuples(MULTI_HOT, MULTI_HOT)


def scores_of(chosen, labels, **options):
    """The seven scores in the paper's order."""
    scores = annotation_scores(np.array(chosen, bool), np.array(labels, bool), **options)
    return [getattr(scores, name) for name in SYMBOLS]


def equation_6_in_loops(chosen, labels):
    """C-P, C-R, I-P, I-R as printed, by counting one by one."""
    n, c = labels.shape
    precision, recall = [], []
    for j in range(c):
        correct = sum(1 for i in range(n) if chosen[i, j] and labels[i, j])
        predicted = sum(1 for i in range(n) if chosen[i, j])
        truth = sum(1 for i in range(n) if labels[i, j])
        precision.append(correct / predicted if predicted else 0)
        if truth:
            recall.append(correct / truth)
    correct = sum(1 for i in range(n) for j in range(c) if chosen[i, j] and labels[i, j])
    predicted = sum(1 for i in range(n) for j in range(c) if chosen[i, j])
    truth = sum(1 for i in range(n) for j in range(c) if labels[i, j])
    return (
        100 * sum(precision) / c,
        100 * sum(recall) / len(recall) if recall else 0,
        100 * correct / predicted if predicted else 0,
        100 * correct / truth if truth else 0,
    )


def test_a_worked_example():
    labels = [[1, 1, 0], [1, 0, 1], [0, 0, 1]]
    chosen = [[1, 0, 1], [1, 1, 0], [1, 0, 1]]
    c_p = 100 * (2 / 3 + 0 / 1 + 1 / 2) / 3
    c_r = 100 * (2 / 2 + 0 / 1 + 1 / 2) / 3
    i_p, i_r = 100 * 3 / 6, 100 * 3 / 5
    c_f1, i_f1 = 2 * c_p * c_r / (c_p + c_r), 2 * i_p * i_r / (i_p + i_r)
    h_f1 = 2 * c_f1 * i_f1 / (c_f1 + i_f1)
    assert scores_of(chosen, labels) == pytest.approx([c_p, c_r, c_f1, i_p, i_r, i_f1, h_f1])


def test_a_class_never_predicted_is_zero_or_left_out():
    labels = [[1, 1], [1, 0]]
    chosen = [[1, 0], [1, 0]]
    assert scores_of(chosen, labels)[0] == pytest.approx(100 * (2 / 2 + 0) / 2)
    assert scores_of(chosen, labels, never_predicted="left_out")[0] == pytest.approx(100 * (2 / 2) / 1)


def test_a_class_without_true_label_counts_in_precision_but_not_in_recall():
    labels = [[1, 0], [1, 0]]
    chosen = [[1, 1], [0, 0]]
    c_p, c_r = scores_of(chosen, labels)[:2]
    assert c_p == pytest.approx(100 * (1 / 1 + 0 / 1) / 2)
    assert c_r == pytest.approx(100 * (1 / 2) / 1)


@pytest.mark.parametrize("never_predicted", ["zero", "left_out"])
def test_choosing_nothing_or_having_no_label_is_zero_without_a_warning(never_predicted):
    nothing, something = np.zeros((2, 3)), np.eye(2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for chosen, labels in ((nothing, something), (something, nothing), (nothing, nothing)):
            assert scores_of(chosen, labels, never_predicted=never_predicted) == [0] * 7


@given(PAIRS)
def test_equation_6_agrees_with_counting_one_by_one(pair):
    c_p, c_r, _, i_p, i_r, _, _ = scores_of(*pair)
    assert (c_p, c_r, i_p, i_r) == pytest.approx(equation_6_in_loops(*pair))


@pytest.mark.slow
@given(PAIRS)
def test_scikit_learn_agrees(pair):
    chosen, labels = pair
    present = labels.any(axis=0)
    c_p, c_r, _, i_p, i_r, i_f1, _ = scores_of(chosen, labels)
    options = {"zero_division": 0}
    p, _, _, _ = precision_recall_fscore_support(labels, chosen, average="macro", **options)
    micro = precision_recall_fscore_support(labels, chosen, average="micro", **options)[:3]
    each = precision_recall_fscore_support(labels, chosen, average=None, **options)[1]
    assert c_p == pytest.approx(100 * p)
    assert c_r == pytest.approx(100 * each[present].mean() if present.any() else 0)
    assert (i_p, i_r, i_f1) == pytest.approx([100 * value for value in micro])


@given(st.lists(PAIRS, min_size=1, max_size=4), st.sampled_from(["zero", "left_out"]))
def test_many_test_sets_at_once_score_as_each_alone(pairs, never_predicted):
    n_c, n_p, n_g = (
        np.array([counted(*pair).sum(axis=0) for pair in pairs])
        for counted in (lambda c, g: c & g, lambda c, g: c, lambda c, g: g)
    )
    together = scores_of_counts(n_c, n_p, n_g, never_predicted=never_predicted)
    assert together.tolist() == [scores_of(*pair, never_predicted=never_predicted) for pair in pairs]


@given(PAIRS, st.permutations(range(6)), st.permutations(range(4)))
def test_neither_the_order_of_images_nor_of_classes_matters(pair, images, classes):
    shuffled = [array[images][:, classes] for array in pair]
    assert scores_of(*shuffled) == pytest.approx(scores_of(*pair))


@pytest.mark.slow
@given(PAIRS)
def test_scores_are_percent_and_each_f1_lies_between_its_parts(pair):
    c_p, c_r, c_f1, i_p, i_r, i_f1, h_f1 = scores_of(*pair)
    for a, b, f1 in ((c_p, c_r, c_f1), (i_p, i_r, i_f1), (c_f1, i_f1, h_f1)):
        assert 0 <= a <= 100 + 1e-9
        assert min(a, b) - 1e-9 <= f1 <= (a + b) / 2 + 1e-9


@given(MULTI_HOT)
def test_the_truth_itself_scores_100(labels):
    labels[:, 0] |= ~labels.any()
    scores = scores_of(labels, labels, never_predicted="left_out")
    assert scores == pytest.approx([100] * 7)


@given(arrays(np.float32, (6, 4), elements=st.floats(0, 1, width=32)), MULTI_HOT)
def test_at_the_true_quantity_image_precision_is_image_recall(scores, labels):
    _, _, _, i_p, i_r, i_f1, _ = scores_of(by_quantity(scores, labels.sum(axis=1)), labels)
    assert i_p == pytest.approx(i_r) == pytest.approx(i_f1)


def test_the_harmonic_mean_of_nothing_is_zero():
    assert harmonic_mean(0.0, 0.0) == 0
    assert harmonic_mean(30.0, 60.0) == pytest.approx(2 / (1 / 30 + 1 / 60))


def test_average_precision_worked_by_hand():
    scores = np.array([[0.9], [0.8], [0.7], [0.6]])
    labels = np.array([[1], [0], [1], [0]], bool)
    assert mean_average_precision(scores, labels) == pytest.approx(100 * (1 / 1 + 2 / 3) / 2)


def test_tied_images_enter_average_precision_together():
    scores = np.array([[0.5], [0.5], [0.5], [0.1]])
    labels = np.array([[0], [0], [1], [1]], bool)
    assert mean_average_precision(scores, labels) == pytest.approx(100 * (1 / 2 * 1 / 3 + 1 / 2 * 2 / 4))


@given(arrays(np.float32, (9, 4), elements=st.sampled_from([0, 0.1, 0.5, 0.9, 1])), arrays(bool, (9, 4)))
def test_mean_average_precision_agrees_with_scikit_learn(scores, labels):
    present = np.flatnonzero(labels.any(axis=0))
    expected = [average_precision_score(labels[:, j], scores[:, j]) for j in present]
    mean = 100 * float(np.mean(expected)) if expected else 0
    assert mean_average_precision(scores, labels) == pytest.approx(mean)


@pytest.mark.parametrize(
    "scores",
    [
        np.random.default_rng(0).normal(size=(500, 3)),
        np.exp(np.random.default_rng(1).normal(scale=20, size=(500, 3))),  # nearly all in one bucket
        np.random.default_rng(2).normal(size=(500, 3)).astype(np.float16),  # level within buckets
        np.full((500, 3), 0.25),
        np.where(np.random.default_rng(3).random((500, 3)) < 0.5, np.finfo(np.float32).max, -3e38),
    ],
    ids=["logits", "skewed", "level", "equal", "extreme"],
)
def test_mean_average_precision_is_exact_however_scores_are_spread(scores):
    scores = scores.astype(np.float32)
    labels = np.random.default_rng(4).random(scores.shape) < 0.1
    expected = [
        np.mean([labels[column >= score, j].mean() for score in column[labels[:, j]]])
        for j, column in enumerate(scores.T)
    ]
    assert mean_average_precision(scores, labels) == pytest.approx(100 * np.mean(expected), rel=1e-12)


@given(st.permutations(range(24)), arrays(bool, (6, 4)))
def test_ranking_precision_agrees_with_scikit_learn(order, labels):
    labels[:, 0] |= ~labels.any(axis=1)  # every image has a label, as where scikit-learn's rule is the same
    scores = np.array(order, np.float64).reshape(6, 4)
    expected = 100 * label_ranking_average_precision_score(labels, scores)
    assert ranking_precision(scores, labels) == pytest.approx(expected)


def test_ranking_precision_leaves_out_images_without_a_label():
    scores, labels = np.array([[0.2, 0.9], [0.3, 0.1]]), np.array([[1, 0], [0, 0]], bool)
    assert ranking_precision(scores, labels) == pytest.approx(100 * 1 / 2)


@pytest.mark.slow
def test_all_of_nus_wide_takes_half_a_gigabyte_at_most():
    rng = np.random.default_rng(0)
    scores = rng.random((107_859, 81), np.float32)
    labels = rng.random(scores.shape, np.float32) < 0.03
    tracemalloc.start()
    annotation_scores(by_quantity(scores, labels.sum(axis=1)), labels)
    mean_average_precision(scores, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6


def test_i_p_and_i_r_as_means_of_every_images_ratio():
    labels = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]], bool)
    chosen = np.array([[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    sums = annotation_scores(chosen, labels)
    ratios = annotation_scores(chosen, labels, image_average="ratios")
    assert (sums.image_precision, sums.image_recall) == pytest.approx((100 * 2 / 5, 100 * 2 / 5))
    assert ratios.image_precision == pytest.approx(100 * (1 / 1 + 1 / 4 + 0) / 3)
    assert ratios.image_recall == pytest.approx(100 * (1 / 2 + 1 / 1 + 0) / 3)
    assert ratios.image_f1 == pytest.approx(harmonic_mean(ratios.image_precision, ratios.image_recall))
    assert (ratios.class_precision, ratios.class_recall) == (sums.class_precision, sums.class_recall)
