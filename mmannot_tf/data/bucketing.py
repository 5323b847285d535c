"""Batches of rows of similar length, still well shuffled."""

import numpy as np

BUCKET_BATCHES = 50
"""How many batches' rows are sorted by length together: few enough to stay well shuffled (ours)."""


def bucketed(
    order: np.ndarray, lengths: np.ndarray, batch_size: int, generator: np.random.Generator
) -> np.ndarray:
    """An order of rows in which each whole batch holds rows of similar length.

    The shuffled rows are sorted by length within windows of some batches, and the batches are shuffled; what
    is left for a smaller last batch stays last.

    Args:
        order: shuffled row numbers, [N].
        lengths: of every row, [N].
        batch_size: rows a batch.
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
