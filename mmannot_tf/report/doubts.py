"""Labels of the ground truth that the model contradicts with confidence: likely errors, to look at again."""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

LEAST_DISAGREEMENT = 0.9
"""Ours: how far a probability is from the ground truth's 0 or 1."""


@dataclass(frozen=True)
class Doubt:
    """A label of an image that may be wrong in the ground truth.

    Attributes:
        image: its id.
        label: the label's name.
        truth: whether the ground truth has it.
        probability: the model's.
    """

    image: str
    label: str
    truth: bool
    probability: float

    @property
    def question(self) -> Literal["missing?", "wrong?"]:
        """What to look for."""
        return "wrong?" if self.truth else "missing?"


def doubts(
    scores: np.ndarray,
    labels: np.ndarray,
    unknown: np.ndarray | None = None,
    *,
    names: Sequence[str],
    ids: Sequence[str],
    most: int,
) -> list[Doubt]:
    """The labels that differ most from the model's probabilities, the surest first.

    Args:
        scores: probabilities, [N, C] float.
        labels: the ground truth, [N, C] bool.
        unknown: where it says nothing, [N, C] bool; None for nowhere.
        names: of the C labels.
        ids: of the N images.
        most: how many.
    """
    disagreement = np.nan_to_num(np.abs(scores.astype(np.float64) - labels))
    if unknown is not None:
        disagreement[unknown] = 0.0
    order = np.argsort(-disagreement, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, disagreement.shape)
    return [
        Doubt(ids[i], names[j], bool(labels[i, j]), float(scores[i, j]))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if disagreement[i, j] >= LEAST_DISAGREEMENT
    ]


def as_csv_uri(found: Sequence[Doubt]) -> str:
    """The doubts as a `data:` URI of a CSV file: image, label, ground truth, probability."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["image", "label", "in_ground_truth", "probability"])
    rows.writerows([each.image, each.label, int(each.truth), f"{each.probability:.4f}"] for each in found)
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.getvalue().encode()).decode()
