import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmannot_tf.decisions.selection import above, by_quantity, order, top_k

# Few distinct values: ties are common.
SCORES = arrays(np.float32, (5, 7), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def test_the_best_are_chosen():
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    assert top_k(scores, 2).tolist() == [[False, True, True], [True, True, False]]
    assert by_quantity(scores, np.array([1, 3])).tolist() == [[False, True, False], [True, True, True]]
    assert above(scores, 0.3).tolist() == [[False, True, True], [False, False, False]]


def test_ties_go_to_the_lower_label_index():
    assert top_k(np.full((1, 4), 0.5), 2).tolist() == [[True, True, False, False]]
    assert order(np.array([[0.5, 1.0, 0.5, 1.0]])).tolist() == [[1, 3, 0, 2]]


def ordered(row):
    return sorted(range(len(row)), key=lambda label: (-row[label], label))


@given(SCORES)
def test_the_order_agrees_with_sorting_each_row_in_python(scores):
    assert order(scores).tolist() == [ordered(row) for row in scores]


@given(SCORES, arrays(np.int64, 5, elements=st.integers(0, 9)))
def test_by_quantity_takes_the_first_in_order_whatever_is_level(scores, quantity):
    for row, chosen, m in zip(scores, by_quantity(scores, quantity), quantity, strict=True):
        assert np.flatnonzero(chosen).tolist() == sorted(ordered(row)[:m])


@given(SCORES, st.integers(0, 9))
def test_top_k_selects_exactly_k_and_never_a_worse_label(scores, k):
    chosen = top_k(scores, k)
    assert (chosen.sum(axis=1) == min(k, 7)).all()
    if 0 < k < 7:
        worst_in = np.where(chosen, scores, np.inf).min(axis=1)
        best_out = np.where(chosen, -np.inf, scores).max(axis=1)
        assert (worst_in >= best_out).all()


def test_no_images_have_no_labels():
    assert top_k(np.zeros((0, 7)), 3).shape == (0, 7)


@given(SCORES, arrays(np.int64, 5, elements=st.integers(0, 7)))
def test_by_quantity_selects_exactly_m_and_extends_smaller_selections(scores, quantity):
    chosen = by_quantity(scores, quantity)
    assert chosen.sum(axis=1).tolist() == quantity.tolist()
    assert (chosen <= by_quantity(scores, quantity + 1)).all()
