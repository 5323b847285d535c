"""Array functions that numpy and a graph share; `xp` is `numpy` or `keras.ops` in this package.

A way to decide is written once: with numpy it evaluates, with `keras.ops` it becomes a part of the exported
graph.
"""

from types import ModuleType
from typing import Any

import numpy as np

from mmannot_tf.decisions.selection import by_quantity, order

Array = Any
"""A numpy array, or a tensor of the backend."""


def cast(values: Array, dtype: str, xp: ModuleType) -> Array:
    """The values in another type."""
    return np.asarray(values).astype(dtype) if xp is np else xp.cast(values, dtype)


def ranks(scores: Array, xp: ModuleType) -> Array:
    """Each label's place among its image's labels, best first from 0: [..., C] int32.

    Among equal scores the lower label index comes first. A score that is not a number is the lowest.
    """
    ranked = _as_ranked(scores, xp)
    if xp is np:
        best_first = order(ranked)
        places = np.empty(best_first.shape, np.int32)
        np.put_along_axis(places, best_first, np.arange(ranked.shape[-1], dtype=np.int32), axis=-1)
        return places
    from mmannot_tf.layers.quantity_selection import ranking

    return ranking(ranked)[1]


def _as_ranked(scores: Array, xp: ModuleType) -> Array:
    """The scores, the lowest of all instead of one that is not a number."""
    return xp.nan_to_num(scores, nan=-np.inf, posinf=np.inf, neginf=-np.inf)


def descending(values: Array, xp: ModuleType) -> Array:
    """The values of each row from the highest to the lowest: [N, C]."""
    if xp is np:
        return -np.sort(-values, axis=-1)
    return xp.top_k(values, values.shape[-1])[0]  # ONNX lacks a part of what an ascending sort becomes


def first_largest(values: Array, xp: ModuleType) -> Array:
    """The place of the first of each row's largest values, [N] int."""
    if xp is np:
        return np.argmax(values, axis=-1)
    count = values.shape[-1]  # `keras.ops.argmax` becomes operations that ONNX lacks
    is_largest = values >= xp.max(values, axis=-1, keepdims=True)
    return xp.min(xp.where(is_largest, np.arange(count, dtype=np.int32), count - 1), axis=-1)


def from_least(values: Array, least: int | Array, lowest: float, xp: ModuleType) -> Array:
    """Values of the quantities 0, 1, …, [N, S + 1], with `lowest` below the least one; the last one stays."""
    last = values.shape[-1] - 1
    least = min(least, last) if isinstance(least, int) else xp.minimum(least, last)
    return xp.where(np.arange(last + 1, dtype=np.int32) >= least, values, xp.zeros_like(values) + lowest)


def best(scores: Array, quantity: Array, xp: ModuleType) -> Array:
    """The best labels of each image.

    Args:
        scores: [N, C] float.
        quantity: how many, [N] int32.
        xp: numpy, or keras.ops.

    Returns:
        [N, C] bool.
    """
    if xp is np:
        return by_quantity(_as_ranked(scores, np), quantity)
    return ranks(scores, xp) < xp.expand_dims(quantity, -1)


def within(selected: Array, scores: Array, least: Array, most: Array | None, xp: ModuleType) -> Array:
    """A selection with at least and at most so many labels an image.

    The best of the labels that are not selected are added, the worst of the selected ones taken away.

    Args:
        selected: [N, C] bool.
        scores: [N, C] float.
        least: the least number.
        most: the largest number, which wins over the least; None for no bound.
        xp: numpy, or keras.ops.

    Returns:
        [N, C] bool.
    """
    wanted = xp.maximum(xp.count_nonzero(selected, axis=-1), least)
    if most is not None:
        wanted = xp.minimum(wanted, most)
    places = ranks(scores, xp)
    selected_first = xp.where(selected, places, places + selected.shape[-1])
    return ranks(-cast(selected_first, "float32", xp), xp) < xp.expand_dims(wanted, -1)


def clean(probabilities: Array, xp: ModuleType) -> Array:
    """Probabilities from 0 to 1, float32; one that is not a number is 0."""
    return xp.clip(
        xp.nan_to_num(cast(probabilities, "float32", xp), nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0
    )
