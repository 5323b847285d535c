"""An evaluation's intervals and pairs of rows as Rich tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.table import narrow_table
from mmannot_tf.evaluation.uncertainty import MEASURES

EXPLANATION = (
    "Intervals and tests draw the test images anew; how rows vary with the training seed is not in them. "
    "p: paired approximate randomization, two-sided, not corrected for the number of pairs."
)


def render_uncertainty(evaluation: Mapping[str, Any]) -> list[Table | Text]:
    """I-F1 and H-F1 with their intervals, the pairs of rows, and how to read them; nothing without them."""
    if "resampling" not in evaluation:
        return []
    resampling = evaluation["resampling"]
    title = f"{resampling['confidence']:g} % intervals over {resampling['draws']:,} bootstrap resamples"
    parts: list[Table | Text] = [_intervals_table(evaluation["rows"], title)]
    if evaluation["pairs"]:
        parts.append(_pairs_table(evaluation["pairs"]))
    return [*parts, Text(EXPLANATION)]


def _intervals_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    heads = {measure: f"{SYMBOLS[measure]} [low, high]" for measure in MEASURES}
    table = narrow_table("method", heads, title=title)
    for row in rows:
        cells = (f"{row[measure]:.2f} {bounds(row['intervals'][measure])}" for measure in MEASURES)
        table.add_row(Text(row["method"]), *map(Text, cells))
    return table


def _pairs_table(pairs: Sequence[Mapping[str, Any]]) -> Table:
    heads = {"difference": "difference [low, high]", "p": "p"}
    table = narrow_table("pair", {"measure": "", **heads}, title="pairs of rows, percentage points")
    for pair in pairs:
        first = pair["measure"] == MEASURES[0]
        difference = f"{pair['difference']:+.2f} {bounds(pair['interval'], '+')}"
        name = Text(f"{pair['a']} over {pair['b']}" if first else "")
        table.add_row(name, SYMBOLS[pair["measure"]], Text(difference), f"{pair['p']:.3f}")
    return table


def bounds(interval: Sequence[float], sign: str = "") -> str:
    """An interval in brackets, 2 decimals."""
    return "[{:{sign}.2f}, {:{sign}.2f}]".format(*interval, sign=sign)
