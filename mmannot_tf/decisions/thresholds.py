"""Thresholds with the highest F_β among all that there are; labels with a score above one are given.

F_β = (1 + β²) TP / (β² true + given), 0/0 as 0. Among equally good thresholds those are chosen that give the
fewest labels.
"""

import numpy as np

_WEIGHTS = 201
"""Ours: between how many weights of precision and recall `for_class_f` chooses."""


def best_threshold(scores: np.ndarray, labels: np.ndarray, beta: float = 1.0) -> float:
    """One threshold for all labels and images, by the F_β of sums over all images (I-F1).

    Args:
        scores: [N, C] float, finite; on any scale. Also a list of pairs of an image and a label, [P].
        labels: the ground truth, bool, in the same shape.
        beta: the weight of recall.

    Returns:
        The threshold, a float32: labels with a score above it are given. It is the best score that is not.

    Example:
        >>> best_threshold(np.float32([[0.9, 0.2], [0.6, 0.4]]), np.array([[True, False], [True, False]]))
        0.4000000059604645
    """
    cuts = _Cuts(scores.reshape(-1, 1), labels.reshape(-1, 1))
    return float(
        cuts.threshold(cuts.best(_f(cuts.correct, cuts.given, labels.sum(), beta), from_one=True))[0]
    )


def for_image_f(scores: np.ndarray, labels: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """A threshold a label, by the F_β of sums over all images and labels (I-F1).

    F_β is a ratio of sums over labels. Dinkelbach, "On nonlinear fractional programming" (Management Science
    13, 1967): with F the best ratio so far, each label takes the threshold with the most (1 + β²) TP - F ·
    given, which gives a better ratio, until none is better. The result is exact.

    Args:
        scores: [N, C] float, finite.
        labels: the ground truth, [N, C] bool.
        beta: the weight of recall.

    Returns:
        [C] float32.
    """
    cuts, total = _Cuts(scores, labels), labels.sum()
    ratio = 0.0
    while True:
        places = cuts.best((1 + beta**2) * cuts.correct - ratio * cuts.given)
        correct, given = cuts.sums(places)
        better = float(_f(correct, given, total, beta))
        if better <= ratio:
            return cuts.between(places)
        ratio = better


def for_class_f(scores: np.ndarray, labels: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """A threshold a label, by the F_β of mean precision and mean recall over the labels (C-F1, equation 6).

    For a weight w from 0 to 1 each label takes the threshold with the most w precision + (1 - w) recall; the
    best of 201 weights is taken. So the pair of means is the best corner of the convex hull of all pairs, up
    to the number of weights. A pair inside the hull can be better: on 100 random cases of 10 images and 2
    labels the best thresholds have 0.1 points of C-F1 more in the mean, and 6.5 at most.

    Args:
        scores: [N, C] float, finite.
        labels: the ground truth, [N, C] bool.
        beta: the weight of recall.

    Returns:
        [C] float32.
    """
    cuts = _Cuts(scores, labels)
    precision = cuts.correct / np.maximum(cuts.given, 1)
    recall = cuts.correct / np.maximum(labels.sum(axis=0), 1)
    present = labels.any(axis=0)
    best, best_places = -1.0, np.zeros(scores.shape[1], np.intp)
    for weight in np.linspace(0, 1, _WEIGHTS):
        places = cuts.best(weight * precision + (1 - weight) * recall)
        p = float(np.mean(cuts.at(precision, places)))
        r = float(np.mean(cuts.at(recall, places)[present])) if present.any() else 0.0
        f = (1 + beta**2) * p * r / max(beta**2 * p + r, 1e-12)
        if f > best:
            best, best_places = f, places
    return cuts.between(best_places)


def best_f_per_label(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each label's best F1 over the images at a threshold of its own, [C] float64; 0 where none has it."""
    cuts = _Cuts(scores, labels)
    f = _f(cuts.correct, cuts.given, labels.sum(axis=0), 1.0)
    return cuts.at(f, cuts.best(f))


def unknown_last(scores: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Scores for a search of each label's threshold where some labels are not known.

    What is unknown stands below all known scores of its label, where it is never worth giving. So each
    threshold is that of the known images alone.

    Args:
        scores: [N, C] float, finite.
        unknown: [N, C] bool; the ground truth is False there.

    Returns:
        [N, C] in the type of the scores.
    """
    lowest = scores.min(axis=0, where=~unknown, initial=np.finfo(scores.dtype).max)
    below = np.nextafter(lowest, np.asarray("-inf", scores.dtype))
    return np.where(unknown, below, scores)


class _Cuts:
    """All ways to cut each column's ranking: from none above the threshold to all.

    Attributes:
        given: how many are above, [N + 1, 1].
        correct: how many of them are true, [N + 1, C].
    """

    def __init__(self, scores: np.ndarray, labels: np.ndarray):
        order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=0)
        hits = np.cumsum(np.take_along_axis(labels, order, axis=0), axis=0)
        none = np.zeros((1, scores.shape[1]), hits.dtype)
        self.given = np.arange(len(scores) + 1)[:, np.newaxis]
        self.correct = np.concatenate([none, hits])
        lowest = np.nextafter(ranked[-1:], np.asarray("-inf", ranked.dtype))
        self._thresholds = np.concatenate([ranked, lowest])
        above = np.concatenate([np.full_like(ranked[:1], np.inf), ranked])
        self._is_possible = above > self._thresholds  # equal scores are given together

    def best(self, values: np.ndarray, *, from_one: bool = False) -> np.ndarray:
        """The place with the highest value in each column, the first of equal ones, [C]."""
        allowed = np.where(self._is_possible, values, -np.inf)
        if from_one:
            allowed[0] = -np.inf
        return np.argmax(allowed, axis=0)

    def at(self, values: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Each column's value at its place, [C]."""
        return np.take_along_axis(values, places[np.newaxis], axis=0)[0]

    def sums(self, places: np.ndarray) -> tuple[int, int]:
        """How many labels are correct and given in all."""
        return int(self.at(self.correct, places).sum()), int(places.sum())

    def threshold(self, places: np.ndarray) -> np.ndarray:
        """The thresholds at the places, [C]: the best scores that are not given."""
        return self.at(self._thresholds, places)

    def between(self, places: np.ndarray) -> np.ndarray:
        """Thresholds that divide the same scores, [C]: halfway to the worst score that is given.

        So another engine's rounding does not matter. A label that is never given has the largest float32.
        """
        below = self.threshold(places)
        above = self.at(self._thresholds, np.maximum(places - 1, 0))
        with np.errstate(over="ignore"):
            middle = below + (above - below) / 2
        divided = np.where((middle > below) & (middle < above), middle, below)
        return np.where(places == 0, np.finfo(np.float32).max, divided).astype(below.dtype)


def _f(correct: np.ndarray | int, given: np.ndarray | int, true: np.ndarray | int, beta: float) -> np.ndarray:
    """F_β of counts, 0/0 as 0."""
    return (1 + beta**2) * np.asarray(correct) / np.maximum(beta**2 * true + given, 1e-9)
