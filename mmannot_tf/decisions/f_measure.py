"""The labels with the highest expected F-measure of an image.

F_β of an image is (1 + β²) TP / (β² true + given). An image without true labels that is given none has F_β =
1: here 0/0 is 1.

The algorithm is the general F-measure maximiser of Dembczyński, Waegeman, Cheng & Hüllermeier, "An exact
algorithm for F-measure maximization" (NIPS 2011), and Waegeman et al., "On the Bayes-optimality of F-measure
maximizers" (JMLR 15, 2014). In an answer of k labels, label j adds Δ(j, k) = Σ_s (1 + β²) P(j, s) / (k + β²
s) to the expected F_β, where P(j, s) is the probability that an image has label j, and s labels in all.
"""

from types import ModuleType

import numpy as np

from mmannot_tf.decisions.arrays import Array, cast, first_largest, from_least, ranks

Beta = float | Array
"""The weight of recall; 1 for F1. A tensor where a request sets it."""
Bounds = tuple[int | Array, int | Array | None]
"""The least and the largest number of labels; tensors where a request sets them."""
_WORST = -1.0


def best_quantity_of_independent(
    of_first: Array, of_rest: Array, *, beta: Beta, bounds: Bounds, xp: ModuleType = np
) -> Array:
    """How many of an image's best labels have the highest expected F_β, if its labels are independent.

    The best k labels are then those with the highest probabilities: Ye, Chai, Lee & Chieu, "Optimizing
    F-measure: a tale of two approaches" (ICML 2012), theorem 10. Their expected F_β is a sum over how many
    of them are true, and how many of the others.

    Args:
        of_first: the distributions of how many of the k best are true, [N, K + 1, S + 1] float, k from 0.
        of_rest: those of how many of all others are true, [N, K + 1, S + 1] float.
        beta: the weight of recall; 1 for F1.
        bounds: the least and the largest number; None for no largest one.
        xp: numpy, or keras.ops.

    Returns:
        A number within the bounds and at most K, the lower one if two are equally good: [N] int.
    """
    given, correct, missed = np.ogrid[: of_first.shape[1], : of_first.shape[2], : of_rest.shape[2]]
    empty = (given + correct + missed) == 0
    f = _ratio(correct, given, correct + missed, beta, of_first, xp) + _constant(empty, of_first, xp)
    of_missed = xp.matmul(xp.swapaxes(of_first, 0, 1), f)  # [K + 1, N, S + 1]
    values = xp.sum(xp.swapaxes(of_missed, 0, 1) * of_rest, axis=-1)
    return _first_best(values, bounds, xp)


def best_quantity(joint: Array, none: Array, *, beta: Beta, bounds: Bounds, xp: ModuleType = np) -> Array:
    """How many of an image's labels have the highest expected F_β, where one ranking is best for all numbers.

    Args:
        joint: P(j, s) of the labels from best to worst, s from 0, [N, L, S + 1] float.
        none: the probability that an image has no label, [N] float.
        beta: the weight of recall; 1 for F1.
        bounds: the least and the largest number; None for no largest one.
        xp: numpy, or keras.ops.

    Returns:
        A number within the bounds and at most min(L, S), the lower one if two are equally good: [N] int.
    """
    gains = _gains(joint, beta, xp)
    labels, quantities = np.arange(gains.shape[1]), np.arange(gains.shape[2])
    is_given = labels[:, np.newaxis] < quantities
    return _best(xp.where(is_given, gains, xp.zeros_like(gains)), none, bounds, xp)


def best_labels(joint: Array, none: Array, *, beta: Beta, bounds: Bounds, xp: ModuleType = np) -> Array:
    """The labels with the highest expected F_β, for any distribution.

    Args:
        joint: P(j, s), s from 0, [N, C, S + 1] float.
        none: the probability that an image has no label, [N] float.
        beta: the weight of recall; 1 for F1.
        bounds: the least and the largest number of labels; None for no largest one.
        xp: numpy, or keras.ops.

    Returns:
        [N, C] bool; at most S labels an image.
    """
    gains = _gains(joint, beta, xp)
    places = xp.swapaxes(ranks(xp.swapaxes(gains, 1, 2), xp), 1, 2)
    is_given = places < np.arange(gains.shape[2])
    quantity = _best(xp.where(is_given, gains, xp.zeros_like(gains)), none, bounds, xp)
    return xp.take_along_axis(is_given, xp.reshape(quantity, (-1, 1, 1)), axis=2)[..., 0]


def _gains(joint: Array, beta: Beta, xp: ModuleType) -> Array:
    """Δ(j, k), [N, L, K + 1]; 0 for k = 0."""
    labels, most = joint.shape[1], joint.shape[2] - 1
    given, true = np.arange(min(labels, most) + 1), np.arange(most + 1)[:, np.newaxis]
    return xp.matmul(joint, _ratio(given > 0, given, true, beta, joint, xp))


def _best(gains_of_given: Array, none: Array, bounds: Bounds, xp: ModuleType) -> Array:
    """The number of labels with the highest expected F_β: [N] int."""
    values = xp.sum(gains_of_given, axis=1)[:, 1:]
    return _first_best(xp.concatenate([xp.expand_dims(none, -1), values], axis=-1), bounds, xp)


def _first_best(values: Array, bounds: Bounds, xp: ModuleType) -> Array:
    """The first of the best numbers of labels within the bounds: [N] int."""
    least, most = bounds
    if most is not None:
        least = (
            min(least, most) if isinstance(least, int) and isinstance(most, int) else xp.minimum(least, most)
        )
    allowed = from_least(values, least, _WORST, xp)
    if most is not None:
        places = np.arange(values.shape[1], dtype=np.int32)
        allowed = xp.where(places <= most, allowed, xp.zeros_like(values) + _WORST)
    return first_largest(allowed, xp)


def _ratio(
    correct: np.ndarray, given: np.ndarray, true: np.ndarray, beta: Beta, like: Array, xp: ModuleType
) -> Array:
    """(1 + β²) correct / (given + β² true), 0/0 as 0, in the type of an array.

    β of a graph is a number in it, or a tensor; the former is computed in float64.
    """
    if isinstance(beta, float):
        f = (1 + beta**2) * correct / np.maximum(given + beta**2 * true, 1e-9)
        return _constant(f, like, xp)
    squared = beta * beta
    of_true = _constant(given, like, xp) + squared * _constant(true, like, xp)
    return (1.0 + squared) * _constant(correct, like, xp) / xp.maximum(of_true, 1e-9)


def _constant(values: np.ndarray, like: Array, xp: ModuleType) -> Array:
    """A constant in the type of an array."""
    return values.astype(like.dtype) if xp is np else cast(values, "float32", xp)
