"""The threshold above which a scorer's labels are given, chosen on images that are not scored."""

import numpy as np


def best_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    """The threshold whose labels have the highest I-F1: one for all labels and images.

    I-P and I-R are ratios of sums over the images, so I-F1 is 2 TP / (given + true). Among equal ones the
    threshold that gives fewest labels is chosen.

    Args:
        scores: [N, C] float, finite; on any scale.
        labels: the ground truth, [N, C] bool.

    Returns:
        The threshold, a float32: labels with a score above it are given. It is the best score that is not.

    Example:
        >>> best_threshold(np.float32([[0.9, 0.2], [0.6, 0.4]]), np.array([[True, False], [True, False]]))
        0.4000000059604645
    """
    order = np.argsort(-scores, axis=None, kind="stable")
    ranked, hits = scores.ravel()[order], np.cumsum(labels.ravel()[order])
    f1 = 2 * hits / (np.arange(1, hits.size + 1) + labels.sum())
    below = np.append(ranked[1:], np.nextafter(ranked[-1], np.float32("-inf")))
    best = int(np.argmax(np.where(ranked > below, f1, -1.0)))
    return float(below[best])
