"""The distributions and expectations of a few labels, by enumerating all subsets."""

from functools import cache
from itertools import product

import numpy as np


@cache
def subsets(labels: int) -> np.ndarray:
    """All subsets of so many labels, [2^C, C] bool."""
    return np.array(list(product([False, True], repeat=labels)))


def chances(probabilities: np.ndarray) -> np.ndarray:
    """The probability of each subset, if labels are independent, [2^C]."""
    all_subsets = subsets(len(probabilities))
    return np.prod(np.where(all_subsets, probabilities, 1 - probabilities), axis=1)


@cache
def f_of_answers(labels: int, beta: float) -> np.ndarray:
    """F_β of each answer to each truth, [truths, answers]; the empty answer to an empty truth has 1."""
    answers = subsets(labels).astype(float)
    true, given = answers.sum(axis=1)[:, np.newaxis], answers.sum(axis=1)
    weighted = beta**2 * true + given
    return np.where(weighted > 0, (1 + beta**2) * answers @ answers.T / np.maximum(weighted, 1e-9), 1.0)


def expected_f(chance: np.ndarray, labels: int, beta: float) -> np.ndarray:
    """The expected F_β of each subset as an answer, [2^C]."""
    return chance @ f_of_answers(labels, beta)


def with_quantity(chance: np.ndarray, labels: int) -> np.ndarray:
    """P(label, quantity), [C, C + 1]."""
    joint = np.zeros((labels, labels + 1))
    for subset, share in zip(subsets(labels), chance, strict=True):
        joint[subset, subset.sum()] += share
    return joint


def place(answer: np.ndarray) -> int:
    """Which subset an answer is."""
    return int((answer * 2 ** np.arange(len(answer))[::-1]).sum())
