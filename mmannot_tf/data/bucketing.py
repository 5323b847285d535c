"""Batches of rows of similar length, still well shuffled."""

import numpy as np

BUCKET_BATCHES = 50
"""The rows of this many batches are sorted by length together: few enough to stay well shuffled (ours)."""


def bucket_by_length(
    order: np.ndarray, lengths: np.ndarray, batch_size: int, generator: np.random.Generator
) -> np.ndarray:
    """An order of rows in which each whole batch holds rows of similar length.

    Sorts the shuffled rows by length within windows of some batches, then shuffles the batches. The rows of a
    smaller last batch stay last.

    Args:
        order: shuffled row numbers, [N].
        lengths: of every row, [N].
        batch_size: rows per batch.
        generator: shuffles the batches.

    Returns:
        The same row numbers, [N].
    """
    whole = len(order) // batch_size * batch_size
    window = BUCKET_BATCHES * batch_size
    parts = [order[start : min(start + window, whole)] for start in range(0, whole, window)]
    rows = [part[np.argsort(lengths[part], kind="stable")] for part in parts]
    batches = np.concatenate([*rows, order[:0]]).reshape(-1, batch_size)
    return np.concatenate([generator.permutation(batches).reshape(-1), order[whole:]])
