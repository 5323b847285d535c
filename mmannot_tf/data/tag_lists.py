"""Tags of images as lists: int32 [N, L], an image's indices into the vocabulary, ascending, then -1.

Their size grows with the tags that the images have, not with the vocabulary. L is the longest list's length.
"""

from collections.abc import Iterable, Sequence

import numpy as np

NONE = -1
"""Padding after the last index of a list."""


def padded(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Lists of each image's indices, which may be in any order and repeated; L is at least 1."""
    distinct = [sorted(set(row)) for row in rows]
    lists = np.full((len(distinct), max((1, *map(len, distinct)))), NONE, np.int32)
    for row, indices in enumerate(distinct):
        lists[row, : len(indices)] = indices
    return lists


def multi_hot(lists: np.ndarray, size: int) -> np.ndarray:
    """Lists as 0 and 1, uint8 [N, size]; `size` is the vocabulary's."""
    vectors = np.zeros((len(lists), size + 1), np.uint8)
    vectors[np.arange(len(lists))[:, None], lists] = 1
    return vectors[:, :size]  # NONE, -1, indexes the last column


def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Lists [N_i, L_i] one after the other, [ΣN_i, max L_i]."""
    max_tags = max(part.shape[1] for part in parts)
    filled = [np.pad(part, ((0, 0), (0, max_tags - part.shape[1])), constant_values=NONE) for part in parts]
    return np.concatenate(filled)
