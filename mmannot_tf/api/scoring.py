"""The paper's seven numbers for any annotations, ours or another system's."""

from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from mmannot_tf.decisions.selection import top_k
from mmannot_tf.evaluation.metrics import (
    AnnotationScores,
    ImageAverage,
    NeverPredicted,
    annotation_scores,
)


def score(
    labels: ArrayLike,
    *,
    selected: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    k: int | None = None,
    never_predicted: NeverPredicted = "zero",
    image_average: ImageAverage = "sums",
) -> AnnotationScores:
    """Scores annotations by equations 6 and 7 (Sec. IV-A2).

    Give `selected`, or `scores` with `k`.

    Args:
        labels: the true labels, multi-hot: bool, or numbers 0 and 1, [N, C]; an array or nested lists.
        selected: the labels given to each image, likewise, but no floats.
        scores: a number for each image and label, higher is better, [N, C]. The `k` best labels of each image
            are selected; among equal scores the lower label index comes first.
        k: how many labels each image gets, from 1 to C.
        never_predicted: the precision of a class that is never predicted: "zero", or "left_out" of the mean
            (docs/fidelity.md, reading 21).
        image_average: of precision and recall over images: ratios of "sums", or the mean of each image's
            "ratios" (docs/fidelity.md, reading 23).

    Returns:
        `AnnotationScores` with `class_precision` (C-P), `class_recall`, `class_f1`, `image_precision` (I-P),
        `image_recall`, `image_f1` and `harmonic_f1` (H-F1), in percent.

    Raises:
        ValueError: the arrays are not of one shape [N, C], a selection holds anything but 0 and 1, a score is
            NaN or infinite, or not exactly one of `selected` and `scores` with `k` is given.

    Example:
        >>> labels = [[1, 0, 1], [0, 1, 0]]
        >>> round(mmannot_tf.score(labels, selected=[[1, 0, 0], [0, 1, 0]]).image_f1, 1)
        80.0
        >>> mmannot_tf.score(labels, scores=[[0.9, 0.1, 0.4], [0.2, 0.3, 0.1]], k=1).image_precision
        100.0
    """
    for name, value, known in (
        ("never_predicted", never_predicted, get_args(NeverPredicted)),
        ("image_average", image_average, get_args(ImageAverage)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}. Received: {name}={value!r}")
    true = _labels(labels)
    if (selected is None) == (scores is None) or (scores is None) != (k is None):
        raise ValueError("Give either selected, or scores together with k.")
    if selected is not None:
        chosen = _same_shape("selected", _multi_hot("selected", selected), true)
    else:
        values = _same_shape("scores", _finite("scores", scores), true)
        chosen = top_k(values, _count(k, true.shape[1]))
    return annotation_scores(chosen, true, never_predicted=never_predicted, image_average=image_average)


def _array(name: str, values: ArrayLike | None) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} must not be masked. Received: a masked array")
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must have rows of one length. Received: rows of several lengths") from None
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must be [images, classes], at least one of each. Received: {array.shape}")
    return array


def _multi_hot(name: str, values: ArrayLike) -> np.ndarray:
    array = _array(name, values)
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be bool or integers 0 and 1. Received: {array.dtype}. "
            "Give probabilities as scores= with k=, or compare them with a threshold first."
        )
    return _zeros_and_ones(name, array)


def _labels(values: ArrayLike) -> np.ndarray:
    """True labels may also be floats 0.0 and 1.0, as networks are trained on."""
    array = _array("labels", values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"labels must be multi-hot: bool, or numbers 0 and 1. Received: {array.dtype}")
    return _zeros_and_ones("labels", array)


def _zeros_and_ones(name: str, array: np.ndarray) -> np.ndarray:
    other = array[~np.isin(array, (0, 1))]
    if other.size:
        raise ValueError(f"{name} must hold 0 and 1 only. Received: {other[0]}")
    return array.astype(bool)


def _finite(name: str, values: ArrayLike | None) -> np.ndarray:
    array = _array(name, values)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be real numbers. Received: {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite. Received: NaN or infinite values")
    return array


def _same_shape(name: str, array: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if array.shape != labels.shape:
        raise ValueError(f"{name} must have the shape of labels, {labels.shape}. Received: {array.shape}")
    return array


def _count(k: int | None, classes: int) -> int:
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or not 1 <= k <= classes:
        raise ValueError(f"k must be a whole number from 1 to {classes}. Received: {k!r}")
    return int(k)
