"""From scores to the labels handed out. Among equal scores the lower label index comes first."""

import numpy as np


def ranks(scores: np.ndarray) -> np.ndarray:
    """The place of every label in its image's ranking, 0 for the best.

    Args:
        scores: higher is better, [N, C] float.

    Returns:
        [N, C] int32; every row is a permutation of 0 … C - 1.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    places = np.empty(scores.shape, np.int32)
    np.put_along_axis(places, order, np.arange(scores.shape[1], dtype=np.int32)[np.newaxis], axis=1)
    return places


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """The k best labels of every image.

    Args:
        scores: [N, C] float.
        k: how many; all C labels are selected from k = C on.

    Returns:
        [N, C] bool.
    """
    return ranks(scores) < k


def by_quantity(scores: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """The m best labels of every image, with an m of its own (Algorithm 2, line 6).

    Args:
        scores: [N, C] float.
        quantity: m, [N] int.

    Returns:
        [N, C] bool.
    """
    return ranks(scores) < quantity[:, np.newaxis]


def above(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Every label whose score exceeds the threshold, however many: [N, C] bool."""
    return scores > threshold
