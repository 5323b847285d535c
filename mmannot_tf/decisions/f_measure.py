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

from mmannot_tf.decisions.arrays import Array, cast, first_largest, ranks


def best_quantity_of_independent(
    of_first: Array, of_rest: Array, *, beta: float, least: int, xp: ModuleType = np
) -> Array:
    """How many of an image's best labels have the highest expected F_β, if its labels are independent.

    The best k labels are then those with the highest probabilities: Ye, Chai, Lee & Chieu, "Optimizing
    F-measure: a tale of two approaches" (ICML 2012), theorem 10. Their expected F_β is a sum over how many
    of them are true, and how many of the others.

    Args:
        of_first: the distributions of how many of the k best are true, [N, K + 1, S + 1] float, k from 0.
        of_rest: those of how many of all others are true, [N, K + 1, S + 1] float.
        beta: the weight of recall; 1 for F1.
        least: the least number.
        xp: numpy, or keras.ops.

    Returns:
        From `least` to K, the lower number if two are equally good: [N] int.
    """
    given, correct, missed = np.ogrid[: of_first.shape[1], : of_first.shape[2], : of_rest.shape[2]]
    f = (1 + beta**2) * correct / np.maximum(given + beta**2 * (correct + missed), 1e-9)
    f[0, 0, 0] = 1.0
    of_missed = xp.matmul(xp.swapaxes(of_first, 0, 1), _constant(f, of_first, xp))  # [K + 1, N, S + 1]
    values = xp.sum(xp.swapaxes(of_missed, 0, 1) * of_rest, axis=-1)
    return _first_best(values, least, xp)


def best_quantity(joint: Array, none: Array, *, beta: float, least: int, xp: ModuleType = np) -> Array:
    """How many of an image's labels have the highest expected F_β, where one ranking is best for all numbers.

    Args:
        joint: P(j, s) of the labels from best to worst, s from 0, [N, L, S + 1] float.
        none: the probability that an image has no label, [N] float.
        beta: the weight of recall; 1 for F1.
        least: the least number.
        xp: numpy, or keras.ops.

    Returns:
        From `least` to min(L, S), the lower number if two are equally good: [N] int.
    """
    gains = _gains(joint, beta, xp)
    labels, quantities = np.arange(gains.shape[1]), np.arange(gains.shape[2])
    is_given = labels[:, np.newaxis] < quantities
    return _best(xp.where(is_given, gains, xp.zeros_like(gains)), none, least, xp)


def best_labels(joint: Array, none: Array, *, beta: float, least: int, xp: ModuleType = np) -> Array:
    """The labels with the highest expected F_β, for any distribution.

    Args:
        joint: P(j, s), s from 0, [N, C, S + 1] float.
        none: the probability that an image has no label, [N] float.
        beta: the weight of recall; 1 for F1.
        least: the least number of labels.
        xp: numpy, or keras.ops.

    Returns:
        [N, C] bool; at most S labels an image.
    """
    gains = _gains(joint, beta, xp)
    places = xp.swapaxes(ranks(xp.swapaxes(gains, 1, 2), xp), 1, 2)
    is_given = places < np.arange(gains.shape[2])
    quantity = _best(xp.where(is_given, gains, xp.zeros_like(gains)), none, least, xp)
    return xp.take_along_axis(is_given, xp.reshape(quantity, (-1, 1, 1)), axis=2)[..., 0]


def _gains(joint: Array, beta: float, xp: ModuleType) -> Array:
    """Δ(j, k), [N, L, K + 1]; 0 for k = 0."""
    labels, most = joint.shape[1], joint.shape[2] - 1
    given, true = np.arange(min(labels, most) + 1), np.arange(most + 1)[:, np.newaxis]
    sums = np.maximum(given + beta**2 * true, 1e-9)  # P(j, 0) is 0
    weights = np.where(given > 0, (1 + beta**2) / sums, 0.0)
    return xp.matmul(joint, _constant(weights, joint, xp))


def _best(gains_of_given: Array, none: Array, least: int, xp: ModuleType) -> Array:
    """The number of labels with the highest expected F_β: [N] int."""
    values = xp.sum(gains_of_given, axis=1)[:, 1:]
    return _first_best(xp.concatenate([xp.expand_dims(none, -1), values], axis=-1), least, xp)


def _first_best(values: Array, least: int, xp: ModuleType) -> Array:
    """The first of the best numbers of labels from `least` on: [N] int."""
    least = min(least, values.shape[1] - 1)
    return first_largest(values[:, least:], xp) + least


def _constant(values: np.ndarray, like: Array, xp: ModuleType) -> Array:
    """A constant in the type of an array."""
    return values.astype(like.dtype) if xp is np else cast(values, "float32", xp)
