"""Tags of images as lists: int32 [N, L], an image's indices into the vocabulary, ascending, then -1.

What they take grows with the tags that the images have, not with the vocabulary. L is that of the longest.
"""

from collections.abc import Iterable, Sequence

import numpy as np

NONE = -1
"""Fills lists up."""


def padded(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Indices of each image, in any order and repeated or not, to lists; L is at least 1."""
    distinct = [sorted(set(row)) for row in rows]
    lists = np.full((len(distinct), max((1, *map(len, distinct)))), NONE, np.int32)
    for row, indices in enumerate(distinct):
        lists[row, : len(indices)] = indices
    return lists


def multi_hot(lists: np.ndarray, size: int) -> np.ndarray:
    """Lists to uint8 [N, size] of 0 and 1, `size` being the vocabulary's."""
    vectors = np.zeros((len(lists), size + 1), np.uint8)
    vectors[np.arange(len(lists))[:, None], lists] = 1
    return vectors[:, :size]  # NONE has marked the last column


def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Lists [N_i, L_i] one after the other, [ΣN_i, max L_i]."""
    longest = max(part.shape[1] for part in parts)
    filled = [np.pad(part, ((0, 0), (0, longest - part.shape[1])), constant_values=NONE) for part in parts]
    return np.concatenate(filled)
