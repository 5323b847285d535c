"""How many labels an image has, if its labels are independent: the Poisson-binomial distribution.

All functions take probabilities of many images at once. They are exact up to the quantity `most`; the last
entry of a distribution is the probability of `most` or more.
"""

from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array

QUANTITY_CAP = 64
"""Ours: the largest quantity that is told from larger ones. Time and memory grow with its square."""


def quantity_distribution(probabilities: Array, most: int, xp: ModuleType = np) -> Array:
    """P(an image has s labels).

    Neighbouring distributions are convolved in pairs until one is left, so that the number of steps is the
    logarithm of C.

    Args:
        probabilities: [N, C] float from 0 to 1.
        most: at least 1.
        xp: numpy, or keras.ops.

    Returns:
        [N, most + 1] float; the last entry is the probability of `most` labels or more.

    Example:
        >>> quantity_distribution(np.array([[0.5, 0.5]]), 2).tolist()
        [[0.25, 0.5, 0.25]]
    """
    parts = xp.stack([1.0 - probabilities, probabilities], axis=-1)
    while parts.shape[1] > 1:
        if parts.shape[1] % 2:
            parts = xp.concatenate([parts, _none_like(parts[:, :1], xp)], axis=1)
        parts = convolved(parts[:, 0::2], parts[:, 1::2], most, xp)
    return _as_long(parts[:, 0], most + 1, xp)


def first_and_rest(
    probabilities: Array, others: Array, most: int, xp: ModuleType = np
) -> tuple[Array, Array]:
    """How many of the first k labels an image has, and how many of all others, for each k.

    Args:
        probabilities: of L labels in some order, [N, L] float from 0 to 1.
        others: of the image's other labels, [N, C - L] float.
        most: at least 1.
        xp: numpy, or keras.ops.

    Returns:
        The distributions over the first k labels, and those over the others, for k from 0 to L: both
        [N, L + 1, most + 1] float; the last entry is the probability of `most` or more.
    """
    none = _as_long(xp.ones_like(probabilities[:, :1]), most + 1, xp)
    rest = quantity_distribution(others, most, xp) if others.shape[1] else none
    count = probabilities.shape[1]
    of_first, of_rest = [none], [rest]
    for label in range(count):
        of_first.append(_plus_label(of_first[-1], probabilities[:, label : label + 1], xp))
        of_rest.append(_plus_label(of_rest[-1], probabilities[:, count - 1 - label : count - label], xp))
    return xp.stack(of_first, axis=1), xp.stack(of_rest[::-1], axis=1)


def labels_with_quantity(probabilities: Array, others: Array, most: int, xp: ModuleType = np) -> Array:
    """P(an image has label j, and s labels in all), for each of the first labels.

    Args:
        probabilities: of L labels, [N, L] float from 0 to 1.
        others: of the image's other labels, [N, C - L] float.
        most: at least 1.
        xp: numpy, or keras.ops.

    Returns:
        [N, L, most + 1] float; the last entry is the probability of the label and `most` labels or more.
    """
    of_first, of_rest = first_and_rest(probabilities, others, most, xp)
    without = convolved(of_first[:, :-1], of_rest[:, 1:], most, xp)  # over all labels but this one
    return _shifted(xp.expand_dims(probabilities, -1) * without, xp)


def convolved(a: Array, b: Array, most: int, xp: ModuleType) -> Array:
    """The distribution of the sum of two independent quantities.

    Args:
        a: [..., A] float, P(0), P(1), …
        b: [..., B] float.
        most: the last entry of a longer result gathers the rest.
        xp: numpy, or keras.ops.

    Returns:
        [..., min(A + B - 1, most + 1)] float.
    """
    if a.shape[-1] > b.shape[-1]:
        a, b = b, a
    whole = a.shape[-1] + b.shape[-1] - 1
    size = whole if whole <= most + 1 else most
    padded = _padded(b, a.shape[-1] - 1, max(0, size - b.shape[-1]), xp)
    total = 0.0
    for value in range(a.shape[-1]):
        start = a.shape[-1] - 1 - value
        total = total + a[..., value : value + 1] * padded[..., start : start + size]
    if size == whole:
        return total
    return xp.concatenate([total, _at_least(a, b, most, xp)], axis=-1)


def _at_least(a: Array, b: Array, most: int, xp: ModuleType) -> Array:
    """P(the sum of two quantities is `most` or more), a sum of products, which loses no digits: [..., 1]."""
    tail = xp.flip(xp.cumsum(xp.flip(b, axis=-1), axis=-1), axis=-1)
    total = 0.0
    for value in range(a.shape[-1]):
        if most - value < b.shape[-1]:
            total = total + a[..., value : value + 1] * tail[..., most - value : most - value + 1]
    return total


def _plus_label(distribution: Array, probability: Array, xp: ModuleType) -> Array:
    """The distribution with one label more, of the same length: [N, M]."""
    return distribution * (1.0 - probability) + _shifted(distribution * probability, xp)


def _shifted(distribution: Array, xp: ModuleType) -> Array:
    """The distribution of one more: each entry moves up by one; what leaves the end stays in the last."""
    moved = _padded(distribution[..., :-2], 1, 0, xp)
    last = distribution[..., -2:-1] + distribution[..., -1:]
    return xp.concatenate([moved, last], axis=-1)


def _none_like(distribution: Array, xp: ModuleType) -> Array:
    """The distribution of no label in the shape of another."""
    return _as_long(xp.ones_like(distribution[..., :1]), distribution.shape[-1], xp)


def _as_long(distribution: Array, length: int, xp: ModuleType) -> Array:
    """The distribution with zeros after its end up to a length."""
    return _padded(distribution, 0, length - distribution.shape[-1], xp)


def _padded(values: Array, before: int, after: int, xp: ModuleType) -> Array:
    """Zeros before and after the last axis."""
    if not (before or after):
        return values
    return xp.pad(values, [[0, 0]] * (len(values.shape) - 1) + [[before, after]])
