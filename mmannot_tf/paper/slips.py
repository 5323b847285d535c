"""Finds the typing error that explains a contradictory row: two digits swapped, or one wrong, in one score.

It tries every such change. A change fits if the whole row then agrees with itself and, where the test set is
known, with its labels per image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from mmannot_tf.paper.intervals import Interval
from mmannot_tf.paper.labels_per_image import has_fixed_k, labels_per_image
from mmannot_tf.paper.row_checks import disagreements
from mmannot_tf.paper.tables import PublishedRow


@dataclass(frozen=True)
class Slip:
    """One change of one printed score.

    Attributes:
        score: which score.
        printed: its digits as printed.
        corrected: its digits before the slip.
        swapped: two digits changed places; else one digit is another.
    """

    score: str
    printed: str
    corrected: str
    swapped: bool


@dataclass(frozen=True)
class Search:
    """The result of searching one row.

    Attributes:
        tried: how many changes were tried.
        fitting: those that make the row agree.
    """

    tried: int
    fitting: tuple[Slip, ...]

    @property
    def likely(self) -> Slip | None:
        """The only swap that fits, else the only change that fits; None where several are as good."""
        swaps = [slip for slip in self.fitting if slip.swapped]
        best = swaps or self.fitting
        return best[0] if len(best) == 1 else None


def search(row: PublishedRow, labels: Interval | None) -> Search:
    """Tries every swap of two digits and every change of one, in each score.

    Args:
        row: that disagrees with itself.
        labels: labels per image of its test set, for a row of fixed k; None where unknown.
    """
    tried = [slip for score in row.printed for slip in _slips(score, row)]
    return Search(len(tried), tuple(slip for slip in tried if _fits(row, slip, labels)))


def _fits(row: PublishedRow, slip: Slip, labels: Interval | None) -> bool:
    corrected = row.corrected(slip.score, slip.corrected)
    if corrected.decimals != row.decimals or disagreements(corrected):
        return False
    return labels is None or not has_fixed_k(row) or labels_per_image(corrected).meets(labels)


def _slips(score: str, row: PublishedRow) -> Iterator[Slip]:
    """All changes of a score's known digits: zeros that pad the decimals stay."""
    text = row.printed[score]
    unknown = 0 if score == "harmonic_f1" else len(text.partition(".")[2]) - row.decimals
    known, padding = text[: len(text) - unknown], text[len(text) - unknown :]
    for swapped, changes in ((True, _swaps(known)), (False, _changes(known))):
        for change in changes:
            if not change.startswith("0"):
                yield Slip(score, text, change + padding, swapped)


def _swaps(text: str) -> list[str]:
    """Every text with two different digits in each other's places."""
    places = [place for place, digit in enumerate(text) if digit.isdigit()]
    return [
        text[:a] + text[b] + text[a + 1 : b] + text[a] + text[b + 1 :]
        for a, b in combinations(places, 2)
        if text[a] != text[b]
    ]


def _changes(text: str) -> list[str]:
    """Every text with one digit replaced by another."""
    return [
        text[:place] + other + text[place + 1 :]
        for place, digit in enumerate(text)
        if digit.isdigit()
        for other in "0123456789"
        if other != digit
    ]
