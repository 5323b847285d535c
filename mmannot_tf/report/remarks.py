"""Remarks on a table's rows, shown below it in the terminal and on the page."""

from collections.abc import Iterable, Sequence

from mmannot_tf.paper.compare import Comparison, Pair
from mmannot_tf.paper.systems import ComparedSystems
from mmannot_tf.report.cells import MARKS

MEANINGS = {
    "ours": "ours: the paper has no such row.",
    "compared": "a compared system, re-stated on this run (`mmannot methods`).",
    "later": "later work than the paper.",
}
LATER = f"{MARKS['later'].strip()} {MEANINGS['later']}"
UNCERTAINTY = (
    "Intervals and tests draw the images anew; how rows vary with the training seed is not in them. "
    "p: paired approximate randomization, two-sided, not corrected for the number of pairs. "
    "?: do not rely on this interval, for the resamples are biased, as with few images."
)


def remarks(comparison: Comparison) -> list[str]:
    """Whether each row of both sides is comparable, the numbered reasons, remarks on single rows and on all.

    Rows of which the same holds share a line.
    """
    pairs = [(row.method, row.pair) for row in comparison.rows]
    pairs += [(f"label quantity on {row.features}", row.pair) for row in comparison.quantity]
    pairs = [(name, pair) for name, pair in pairs if pair.difference is not None]
    reasons = list(dict.fromkeys(reason for _, pair in pairs for reason in pair.reasons))
    lines = _shared((name, _verdict(pair, reasons)) for name, pair in pairs)
    lines += [f"({number}) {reason}" for number, reason in enumerate(reasons, 1)]
    lines += _shared(
        (row.method, remark)
        for row in comparison.rows
        for remark in (*(row.pair.reasons if row.pair.difference is None else ()), *row.notes)
    )
    return [*lines, *comparison.notes]


def unknown_in_words(unknown: int | None, *, images: int, classes: int) -> str:
    """How many pairs of an image and a label an evaluation left out; empty where all are known."""
    if not unknown:
        return ""
    return (
        f"Nothing is known of {unknown:,} of {images * classes:,} pairs of an image and a label: no measure "
        "counts them, and those of the quantity are of images without such a pair."
    )


def _shared(remarks: Iterable[tuple[str, str]]) -> list[str]:
    """A line a remark, behind the names of all rows that it is on."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks:
        names.setdefault(remark, []).append(name)
    return [f"{'; '.join(of_remark)}: {remark}" for remark, of_remark in names.items()]


def _verdict(pair: Pair, reasons: Sequence[str]) -> str:
    """What follows "To be compared digit by digit"."""
    if pair.comparable:
        return "yes"
    return "no, because of " + " ".join(f"({reasons.index(reason) + 1})" for reason in pair.reasons)


def system_notes(systems: ComparedSystems) -> list[str]:
    """The notes on all compared systems, then those on single rows."""
    return [*systems.notes, *(note for row in systems.rows for note in row.notes)]
