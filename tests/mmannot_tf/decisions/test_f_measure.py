import numpy as np
import pytest
from label_subsets import chances, expected_f, place, subsets, with_quantity

from mmannot_tf.decisions.expected_f import ExpectedF
from mmannot_tf.decisions.f_measure import best_labels
from mmannot_tf.decisions.way import Scores

LABELS, CASES = 8, 1000
ROUNDING = 1e-6
"""Of probabilities in float32."""


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_subset_has_a_higher_expected_f_if_labels_are_independent(beta):
    rng = np.random.default_rng(0)
    given = rng.random((CASES, LABELS)) ** rng.choice([0.5, 1, 2, 4], (CASES, 1))
    answers = ExpectedF(beta, least=0).select(Scores(given))
    for row, answer in zip(given, answers, strict=True):
        values = expected_f(chances(row), LABELS, beta)
        assert values[place(answer)] >= values.max() - ROUNDING


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_subset_has_a_higher_expected_f_under_any_distribution(beta):
    rng = np.random.default_rng(1)
    shape = [0.02, 0.2, 1.0]
    drawn = np.stack([rng.dirichlet(np.full(2**LABELS, shape[case % 3])) for case in range(CASES)])
    joint = np.stack([with_quantity(chance, LABELS) for chance in drawn])
    answers = best_labels(joint, drawn[:, 0], beta=beta, bounds=(0, None))
    for chance, answer in zip(drawn, answers, strict=True):
        values = expected_f(chance, LABELS, beta)
        assert values[place(answer)] >= values.max() - 1e-12


@pytest.mark.parametrize("least", [1, 2, 5])
def test_the_least_number_of_labels_is_kept(least):
    given = np.random.default_rng(2).random((200, LABELS)) ** 8
    assert not ExpectedF(1.0, least=0).select(Scores(given)).any(axis=1).all()
    allowed = subsets(LABELS).sum(axis=1) >= least
    for row, answer in zip(given, ExpectedF(1.0, least).select(Scores(given)), strict=True):
        assert answer.sum() >= least
        values = expected_f(chances(row), LABELS, 1.0)
        assert values[place(answer)] >= values[allowed].max() - ROUNDING


def test_more_labels_than_the_cap_are_cut_where_it_says():
    given = np.full((1, 100), 0.9)
    assert ExpectedF(1.0, least=0).select(Scores(given)).sum() == 64
