"""What to know of a table's rows, in sentences: they stand below it in the terminal and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmannot_tf.report.cells import MARKS

MEANINGS = {
    "ours": "ours: the paper has no such row.",
    "compared": "a compared system, re-stated on this run (`mmannot methods`).",
    "later": "later work than the paper.",
}
LATER = f"{MARKS['later'].strip()} {MEANINGS['later']}"
UNCERTAINTY = (
    "Intervals and tests draw the test images anew; how rows vary with the training seed is not in them. "
    "p: paired approximate randomization, two-sided, not corrected for the number of pairs."
)


def remarks(comparison: Mapping[str, Any]) -> list[str]:
    """A line on each row of both sides, the numbered reasons, then what concerns single rows or all."""
    whole = [pair for pair in comparison["rows"] if pair["difference"] is not None]
    quantities = [pair for pair in comparison["quantity"] if pair["difference"] is not None]
    reasons = list(dict.fromkeys(reason for pair in [*whole, *quantities] for reason in pair["reasons"]))
    lines = [f"{pair['method']}: {_verdict(pair, reasons)}" for pair in whole]
    lines += [f"label quantity on {pair['features']}: {_verdict(pair, reasons)}" for pair in quantities]
    lines += [f"({number}) {reason}" for number, reason in enumerate(reasons, 1)]
    belonging: dict[str, list[str]] = {}
    for pair in comparison["rows"]:
        for remark in [*(pair["reasons"] if pair["difference"] is None else ()), *pair["notes"]]:
            belonging.setdefault(remark, []).append(pair["method"])
    lines += [f"{'; '.join(rows)}: {remark}" for remark, rows in belonging.items()]
    return [*lines, *comparison["notes"]]


def _verdict(pair: Mapping[str, Any], reasons: Sequence[str]) -> str:
    if pair["comparable"]:
        return "comparable"
    return "not comparable, " + " ".join(f"({reasons.index(reason) + 1})" for reason in pair["reasons"])


def system_notes(comparison: Mapping[str, Any]) -> list[str]:
    """What to know of all the compared systems' rows, then of single ones."""
    return [*comparison["notes"], *(note for row in comparison["rows"] for note in row["notes"])]
