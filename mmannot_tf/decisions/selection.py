"""Selects labels by their scores. Among equal scores the lower label index comes first."""

import numpy as np


def order(scores: np.ndarray) -> np.ndarray:
    """The labels of every image from best to worst.

    Args:
        scores: higher is better, [..., C] float.

    Returns:
        [..., C] int64; every row is a permutation of 0 … C - 1.
    """
    return np.argsort(-scores, axis=-1, kind="stable")


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """The k best labels of every image.

    Args:
        scores: [N, C] float, finite.
        k: how many; k ≥ C selects all labels.

    Returns:
        [N, C] bool.
    """
    return by_quantity(scores, np.full(len(scores), k))


def by_quantity(scores: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """The m best labels of every image, with an m of its own (Algorithm 2, line 6).

    Args:
        scores: [N, C] float, finite.
        quantity: m, [N] int; m ≥ C selects all labels.

    Returns:
        [N, C] bool.
    """
    quantity = np.minimum(quantity, scores.shape[1])
    cut = _cut(scores, quantity)
    chosen = scores >= cut
    tied = np.flatnonzero(np.count_nonzero(chosen, axis=1) != quantity)
    chosen[tied] = _lowest_indices_first(scores[tied], cut[tied], quantity[tied])
    return chosen


def _cut(scores: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """The m-th best score of every image, [N, 1]; the best where m is 0.

    Sorts only as many scores as any image needs: `order` takes ten times as long.
    """
    largest = max(1, quantity.max(initial=0))
    best = np.sort(np.partition(scores, -largest, axis=1)[:, -largest:], axis=1)
    return np.take_along_axis(best, np.minimum(largest - quantity, largest - 1)[:, np.newaxis], axis=1)


def _lowest_indices_first(scores: np.ndarray, cut: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """The labels above the cut, then the first of those at the cut until m are selected: [N, C] bool."""
    better, level = scores > cut, scores == cut
    room = quantity[:, np.newaxis] - np.count_nonzero(better, axis=1, keepdims=True)
    return better | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= room))


def above(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Every label with a score above the threshold: [N, C] bool."""
    return scores > threshold
