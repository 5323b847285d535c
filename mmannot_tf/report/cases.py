"""Chooses images to show, as the paper's Fig. 6 does: the best, the worst and a few between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """An image's labels: the true ones, and those that it was given.

    Attributes:
        id: the image's.
        agreement: F1 of the annotations against the ground truth, percent.
        truth: its true labels, each with whether it was found.
        annotations: the labels that it was given, the best first, each with whether it is true.
    """

    id: str
    agreement: float
    truth: tuple[tuple[str, bool], ...]
    annotations: tuple[tuple[str, bool], ...]


def agreement(chosen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """F1 of each image's annotations, [N] float64 in percent; 100 where both are empty."""
    correct = (chosen & labels).sum(axis=1)
    both = chosen.sum(axis=1) + labels.sum(axis=1)
    return 100 * np.divide(2 * correct, both, out=np.ones(len(labels)), where=both > 0)


def ranking(chosen: np.ndarray, labels: np.ndarray, ids: Sequence[str]) -> list[int]:
    """All images, the best first: by F1, by fewer wrong and missed labels, by more true ones, by id."""
    f1 = agreement(chosen, labels)
    errors, true = (chosen ^ labels).sum(axis=1), labels.sum(axis=1)
    return sorted(range(len(ids)), key=lambda i: (-f1[i], errors[i], -true[i], ids[i]))


def choose(order: Sequence[int], each: int) -> dict[str, list[int]]:
    """The first `each` images of a ranking as "best", the last as "worst", as many evenly spread "between".

    No image appears twice: a short ranking leaves "between" empty first, then "worst".
    """
    best, rest = list(order[:each]), list(order[each:])
    worst, middle = rest[-each:][::-1], rest[:-each]
    count = min(each, len(middle))
    between = [middle[(2 * place + 1) * len(middle) // (2 * count)] for place in range(count)]
    return {"best": best, "between": between, "worst": worst}


def case(
    image_id: str, chosen: np.ndarray, labels: np.ndarray, scores: np.ndarray, names: Sequence[str]
) -> Case:
    """Compares the annotations of one image with its ground truth.

    Args:
        image_id: the image's id.
        chosen: the annotations, [C] bool.
        labels: the ground truth, [C] bool.
        scores: the scores of all labels, [C] float; they order the annotations.
        names: the names of the C labels.
    """
    ranked = [j for j in np.argsort(-scores, kind="stable").tolist() if chosen[j]]
    return Case(
        id=image_id,
        agreement=float(agreement(chosen[np.newaxis], labels[np.newaxis])[0]),
        truth=tuple((names[j], bool(chosen[j])) for j in np.flatnonzero(labels).tolist()),
        annotations=tuple((names[j], bool(labels[j])) for j in ranked),
    )
