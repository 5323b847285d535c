"""Means over runs in Markdown, with printed numbers in brackets where there are some."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmannot_tf.evaluation.metrics import SYMBOLS

SPREADS = ("image_f1", "harmonic_f1")
"""Whose spread over runs is shown; the others' are in the JSON document."""


def markdown(averages: Mapping[str, Any], printed: Mapping[str, Mapping[str, float]]) -> str:
    """A table of every row's means, 1 decimal, ± the standard deviation of I-F1 and H-F1.

    Args:
        averages: what `mmannot_tf.evaluation.averages.averages` returned, its rows as wanted.
        printed: method → its printed scores, for brackets; may lack any.
    """
    lines = [_line(["", *SYMBOLS.values()]), _line(["---", *["---:"] * len(SYMBOLS)])]
    lines += [
        _line([row["method"], *_cells(row, printed.get(row["method"], {}))]) for row in averages["rows"]
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any], printed: Mapping[str, float]) -> Iterable[str]:
    for measure in SYMBOLS:
        spread = f" ± {row['spread'][measure]:.1f}" if measure in SPREADS else ""
        bracket = f" ({printed[measure]:.1f})" if measure in printed else ""
        yield f"{row[measure]:.1f}{spread}{bracket}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
