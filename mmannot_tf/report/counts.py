"""Counts of a split's annotations by class, by quantity and by pair of labels. Numpy only."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassCounts:
    """How often one class is true, predicted and both.

    Attributes:
        label: its name.
        true: images that have it, N^g.
        predicted: images it was given to, N^p.
        correct: images where both hold, N^c.
    """

    label: str
    true: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float | None:
        """In percent; None where the class was never given."""
        return 100 * self.correct / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """In percent; None where no image has the class."""
        return 100 * self.correct / self.true if self.true else None


@dataclass(frozen=True)
class Pair:
    """How often two labels occur together.

    Attributes:
        first: the name of the first label.
        second: the name of the second.
        true: images that have both.
        annotated: images that were given both.
    """

    first: str
    second: str
    true: int
    annotated: int


def class_counts(chosen: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> list[ClassCounts]:
    """Every class, most frequent first; ties in label order.

    Args:
        chosen: the annotations, [N, C] bool.
        labels: the ground truth, [N, C] bool.
        names: of the C labels.
    """
    true, predicted, correct = (rows.sum(axis=0).tolist() for rows in (labels, chosen, labels & chosen))
    return [ClassCounts(names[j], true[j], predicted[j], correct[j]) for j in frequent(labels, len(names))]


def frequent(labels: np.ndarray, count: int) -> list[int]:
    """The `count` most frequent labels, most frequent first; ties in label order."""
    return np.argsort(-labels.sum(axis=0), kind="stable")[:count].tolist()


def quantity_confusion(true: np.ndarray, predicted: np.ndarray, *, max_quantity: int) -> np.ndarray:
    """Images by true quantity (rows) and predicted quantity (columns); `max_quantity` stands for all above.

    Args:
        true: m, [N] int.
        predicted: m̂, [N] int.
        max_quantity: the last row and column, if any image has so many labels; else the table is smaller.

    Returns:
        [Q, Q] int64 with Q ≤ max_quantity + 1.
    """
    true, predicted = np.minimum(true, max_quantity), np.minimum(predicted, max_quantity)
    side = int(max(true.max(), predicted.max())) + 1
    return np.bincount(true * side + predicted, minlength=side * side).reshape(side, side)


def together(rows: np.ndarray) -> np.ndarray:
    """Images that have both labels of every pair: [C, C] int64, on the diagonal those that have the label."""
    counted = rows.astype(np.int64)
    return counted.T @ counted


def shares_together(rows: np.ndarray, unknown: np.ndarray | None = None) -> np.ndarray:
    """Of the images with label j, the share that has label k too: [C, C] float64, NaN where none has j.

    Args:
        rows: [N, C] bool.
        unknown: where nothing is known of label k, [N, C] bool: such images do not count; None for nowhere.
    """
    counts = together(rows)
    images = np.broadcast_to(np.diagonal(counts)[:, np.newaxis], counts.shape)
    if unknown is not None:
        images = images - rows.T.astype(np.int64) @ unknown.astype(np.int64)
    return np.divide(counts, images, out=np.full(counts.shape, np.nan), where=images > 0)


def pairs(chosen: np.ndarray, labels: np.ndarray, names: tuple[str, ...], *, count: int) -> list[Pair]:
    """The pairs of labels that occur together most often in the truth or among the annotations.

    Args:
        chosen: the annotations, [N, C] bool.
        labels: the ground truth, [N, C] bool.
        names: of the C labels.
        count: of pairs, at most; pairs that never occur are left out.
    """
    true, annotated = together(labels), together(chosen)
    first, second = np.triu_indices(len(names), k=1)
    order = np.argsort(-np.maximum(true, annotated)[first, second], kind="stable")[:count]
    most_frequent = [(int(first[place]), int(second[place])) for place in order]
    return [
        Pair(names[j], names[k], int(true[j, k]), int(annotated[j, k]))
        for j, k in most_frequent
        if true[j, k] or annotated[j, k]
    ]
