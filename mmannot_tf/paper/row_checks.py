"""What a printed row must satisfy by itself: equations 6 and 7, percentages, the upper bound."""

from collections.abc import Iterator
from dataclasses import dataclass

from mmannot_tf.paper.intervals import Interval, harmonic_mean
from mmannot_tf.paper.tables import PublishedRow

PARTS = {
    "class_f1": ("class_precision", "class_recall"),
    "image_f1": ("image_precision", "image_recall"),
    "harmonic_f1": ("class_f1", "image_f1"),
}
"""F1 → the two scores that it is the harmonic mean of (equations 6 and 7)."""

UPPER_BOUND = "Upper bound"
_PERCENT = Interval(0.0, 100.0)


@dataclass(frozen=True)
class Disagreement:
    """A printed score that its own row contradicts.

    Attributes:
        row: the printed row.
        score: which of its scores.
        recomputed: its interval by the rest of the row.
    """

    row: PublishedRow
    score: str
    recomputed: Interval


def disagreements(row: PublishedRow) -> list[Disagreement]:
    """The scores whose printed interval and recomputed interval do not meet."""
    checked = [*_ranges(), *_f1s(row), *(_equal_at_the_true_quantity(row))]
    return [
        Disagreement(row, score, recomputed)
        for score, recomputed in checked
        if not row.interval(score).meets(recomputed)
    ]


def _ranges() -> Iterator[tuple[str, Interval]]:
    for precision, recall in (PARTS["class_f1"], PARTS["image_f1"]):
        yield from ((precision, _PERCENT), (recall, _PERCENT))


def _f1s(row: PublishedRow) -> Iterator[tuple[str, Interval]]:
    for f1, (a, b) in PARTS.items():
        yield f1, harmonic_mean(row.interval(a), row.interval(b))


def _equal_at_the_true_quantity(row: PublishedRow) -> Iterator[tuple[str, Interval]]:
    """As many labels as there are true ones: I-P = I-R [24]; I-F1 is checked with the F1s."""
    if row.system == UPPER_BOUND:
        yield "image_recall", row.interval("image_precision")
