"""The paper's annotation metrics, equations 6 and 7 (Sec. IV-A2), and the mean average precision.

All results are percent. With `chosen` the predicted and `labels` the true multi-hot rows, [N, C] bool, both
False where nothing is known:

    N^c_j  images correctly labelled as class j     NL^c_i  correct labels of image i
    N^g_j  images that have the true label j        NL^g_i  true labels of image i
    N^p_j  images predicted as class j              NL^p_i  predicted labels of image i

Where equation 6 reads 0/0:

    C-P, class never predicted: counts as 0 in the mean over all C classes, or is left out [reading 21].
    C-R, class without a true label in the split: left out of the mean. The paper's test sets hold every
        class, so its 1/C is unchanged there; a small test set may lack some, and no annotator could earn
        their recall. Such a class still counts in C-P, where predicting it was a mistake.
    Any other 0/0 is 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmannot_tf.decisions.selection import order

NeverPredicted = Literal["zero", "left_out"]
ImageAverage = Literal["sums", "ratios"]

SYMBOLS = {
    "class_precision": "C-P",
    "class_recall": "C-R",
    "class_f1": "C-F1",
    "image_precision": "I-P",
    "image_recall": "I-R",
    "image_f1": "I-F1",
    "harmonic_f1": "H-F1",
}
"""Score → the paper's symbol, in the order of its tables' columns."""


@dataclass(frozen=True)
class AnnotationScores:
    """The seven numbers of a row of Tables I to IV, in percent and in the paper's order.

    Attributes:
        class_precision: C-P.
        class_recall: C-R.
        class_f1: C-F1.
        image_precision: I-P, which later papers call overall precision, OP.
        image_recall: I-R, later OR.
        image_f1: I-F1, later OF1.
        harmonic_f1: H-F1.
    """

    class_precision: float
    class_recall: float
    class_f1: float
    image_precision: float
    image_recall: float
    image_f1: float
    harmonic_f1: float


def harmonic_mean(a: float, b: float) -> float:
    """2ab / (a + b): the form of C-F1 and I-F1 (equation 6) and of H-F1 (equation 7); 0 where both are 0."""
    return float(_ratios(2 * a * b, a + b))


def f_beta(precision: float, recall: float, beta: float) -> float:
    """(1 + β²) P R / (β² P + R); 0 where both are 0. β > 1 weighs recall more."""
    return float(_ratios((1 + beta**2) * precision * recall, beta**2 * precision + recall))


def annotation_scores(
    chosen: np.ndarray,
    labels: np.ndarray,
    *,
    never_predicted: NeverPredicted = "zero",
    image_average: ImageAverage = "sums",
) -> AnnotationScores:
    """Equations 6 and 7.

    Args:
        chosen: the labels given to each image, [N, C] bool.
        labels: the ground truth, [N, C] bool.
        never_predicted: the precision of a class that is never predicted: "zero", or "left_out" of the mean
            [reading 21].
        image_average: of I-P and I-R: "sums" of numerators and denominators, as equation 6 has it, or the
            mean of every image's "ratios", as the text does [reading 23].

    Returns:
        C-P, C-R, C-F1, I-P, I-R, I-F1 and H-F1 in percent.
    """
    n_c = np.count_nonzero(chosen & labels, axis=0)
    n_p = np.count_nonzero(chosen, axis=0)
    n_g = np.count_nonzero(labels, axis=0)
    ratios = image_ratios(chosen, labels).mean(axis=0) if image_average == "ratios" else None
    scores = scores_of_counts(n_c, n_p, n_g, never_predicted=never_predicted, of_images=ratios)
    return AnnotationScores(*scores.tolist())


def image_ratios(chosen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Precision and recall of every image by itself, 0/0 as 0: [N, 2] float64 from 0 to 1 [reading 23]."""
    correct = np.count_nonzero(chosen & labels, axis=1)
    predicted, true = (np.count_nonzero(rows, axis=1) for rows in (chosen, labels))
    return np.stack([_ratios(correct, predicted), _ratios(correct, true)], axis=1)


def scores_of_counts(
    n_c: np.ndarray,
    n_p: np.ndarray,
    n_g: np.ndarray,
    *,
    never_predicted: NeverPredicted = "zero",
    of_images: np.ndarray | None = None,
) -> np.ndarray:
    """Equations 6 and 7 from the counts of every class, for any number of test sets at once.

    Args:
        n_c: images correctly labelled as each class, [..., C].
        n_p: images predicted as each class, [..., C].
        n_g: images that have each true label, [..., C].
        never_predicted: the precision of a class that is never predicted: "zero", or "left_out" of the mean
            [reading 21].
        of_images: the means of `image_ratios`, [..., 2], to be I-P and I-R instead of equation 6's ratios of
            sums [reading 23].

    Returns:
        [..., 7] float64 in the order of `SYMBOLS`, percent.
    """
    counted = n_p > 0 if never_predicted == "left_out" else np.ones_like(n_p, bool)
    c_p = 100 * _mean_ratio(n_c, n_p, counted)
    c_r = 100 * _mean_ratio(n_c, n_g, n_g > 0)
    if of_images is None:
        correct = n_c.sum(axis=-1)
        i_p, i_r = 100 * _ratios(correct, n_p.sum(axis=-1)), 100 * _ratios(correct, n_g.sum(axis=-1))
    else:
        i_p, i_r = 100 * of_images[..., 0], 100 * of_images[..., 1]
    c_f1 = _ratios(2 * c_p * c_r, c_p + c_r)
    i_f1 = _ratios(2 * i_p * i_r, i_p + i_r)
    h_f1 = _ratios(2 * c_f1 * i_f1, c_f1 + i_f1)
    return np.stack([c_p, c_r, c_f1, i_p, i_r, i_f1, h_f1], axis=-1)


def mean_average_precision(
    scores: np.ndarray, labels: np.ndarray, unknown: np.ndarray | None = None
) -> float:
    """The mean over classes of the uninterpolated average precision over images (mAP), in percent.

    Not in the paper; later papers are read by it. Images of equal score enter the ranking together, as in
    scikit-learn's `average_precision_score`. Classes without a true label in the split are left out.

    Args:
        scores: [N, C] float.
        labels: the ground truth, [N, C] bool.
        unknown: where nothing is known, [N, C] bool: such images are not in the label's ranking; None for
            nowhere.
    """
    columns: Iterable[tuple[np.ndarray, np.ndarray]] = zip(
        np.ascontiguousarray(scores.T), np.ascontiguousarray(labels.T), strict=True
    )
    if unknown is not None:
        known = zip(columns, ~unknown.T, strict=True)
        columns = ((column[images], truth[images]) for (column, truth), images in known)
    precisions = [_average_precision(column, truth) for column, truth in columns if truth.any()]
    return 100 * float(np.mean(precisions)) if precisions else 0.0


def _average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """The mean over true images of the precision among the images scored no lower; some image is true."""
    correct = np.sort(scores[truth])
    correct_no_lower = len(correct) - np.searchsorted(correct, correct)
    return float(np.mean(correct_no_lower / _no_lower(scores, correct)))


def _no_lower(scores: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many scores are no lower than each value.

    Sorts few of the scores: they go into as many buckets of equal width over the range of the values, and
    only in a bucket that holds a value does the order matter. Scores all in one bucket are all sorted.

    Args:
        scores: [N] float.
        values: [P] float, sorted, not empty.

    Returns:
        [P] int.
    """
    images = len(scores)
    steps = images / max(float(values[-1]) - float(values[0]), 1e-30)

    def bucket(of: np.ndarray) -> np.ndarray:
        places = (of.astype(np.float64) - values[0]) * steps
        return np.clip(places, -1, images).astype(np.intp) + 1  # 0: lower than every value

    of_scores, of_values = bucket(scores), bucket(values)
    holds = np.zeros(images + 2, bool)
    holds[of_values] = True
    lower_elsewhere = np.cumsum(np.where(holds, 0, np.bincount(of_scores, minlength=images + 2)))
    near = np.sort(scores[holds[of_scores]])
    return images - lower_elsewhere[of_values] - np.searchsorted(near, values)


def ranking_precision(scores: np.ndarray, labels: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Label ranking average precision in percent: the mean over images of the average precision over labels.

    Not in the paper. It judges each image's whole ranking and no cut of it, so small splits rarely tie.
    Images without a true label are left out.

    Args:
        scores: [N, C] float.
        labels: the ground truth, [N, C] bool.
        unknown: where nothing is known, [N, C] bool: such labels are not in the image's ranking; None for
            nowhere.
    """
    best_first = order(scores)
    hits = np.take_along_axis(labels, best_first, axis=1)
    places = np.broadcast_to(np.arange(1, labels.shape[1] + 1), labels.shape)
    if unknown is not None:
        places = np.maximum(np.cumsum(~np.take_along_axis(unknown, best_first, axis=1), axis=1), 1)
    precision = np.cumsum(hits, axis=1) / places
    true = labels.sum(axis=1)
    labelled = true > 0
    return float(100.0 * np.mean((precision * hits).sum(axis=1)[labelled] / true[labelled]))


def _mean_ratio(numerators: np.ndarray, denominators: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The mean of the counted ratios over the last axis, 0/0 as 0; 0 where none counts."""
    ratios = _ratios(numerators, denominators)
    return _ratios(ratios.sum(axis=-1, where=counted), counted.sum(axis=-1))


def _ratios(numerators: np.ndarray | float, denominators: np.ndarray | float) -> np.ndarray:
    """Element by element, 0/0 as 0."""
    numerators, denominators = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    return np.divide(numerators, denominators, out=np.zeros_like(numerators), where=denominators > 0)
