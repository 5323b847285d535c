"""Evaluations and comparisons as Rich tables in the shape of the paper's Tables I and V."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS

_MAP = {"mean_average_precision": "mAP"}
QUANTITY = {"accuracy": "Accuracy (%)", "mse": "MSE"}
"""Score of a label quantity → its column's head."""
MARKS = {"ours": " *", "compared": " †", "later": " ‡"}
"""Behind the names of rows that are not the paper's own method's."""
MEANINGS = {
    "ours": "ours: the paper has no such row.",
    "compared": "a compared system, re-stated on this run (`mmannot methods`).",
    "later": "later work than the paper.",
}
LATER = f"{MARKS['later'].strip()} {MEANINGS['later']}"
SIDES = {"ours": "ours", "paper": "paper", "corrected": "corr.", "difference": "diff."}
"""Of a pair of `mmannot_tf.paper.compare`, as tables call them."""
SYSTEM_SIDES = {"here": "here", "published": "publ.", "corrected": "corr."}
"""Of a row of `mmannot_tf.paper.systems`."""


def render_scores(evaluation: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.evaluation.rows.evaluate` returned, for the terminal; 2 decimals, MSE 3."""
    title = f"{evaluation['split']}: {evaluation['images']:,} images, percent"
    parts: list[Table] = [_scores_table("method", evaluation["rows"], {**SYMBOLS, **_MAP}, title=title)]
    if evaluation["quantity"]:
        quantity = _scores_table("features", evaluation["quantity"], QUANTITY, title="label quantity")
        parts.append(quantity)
    readings = ", ".join(f"{key} {value}" for key, value in evaluation["readings"].items())
    rows = [*evaluation["rows"], *evaluation["quantity"]]
    used = dict.fromkeys(row["source"] for row in rows if row["source"] in MARKS)
    marks = [Text(f"{MARKS[source].strip()} {MEANINGS[source]}") for source in used]
    return Group(*parts, *marks, Text(f"Readings of the paper: {readings}"))


def render_comparison(comparison: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.paper.compare.compare` returned: a table of pairs, then a line on each row."""
    methods, quantities = comparison["tables"]
    parts: list[Table | Text] = [
        _pairs_table("method", comparison["rows"], SYMBOLS, title=f"beside Table {methods}, percent")
    ]
    if comparison["quantity"]:
        title = f"label quantity beside Table {quantities}"
        parts.append(_pairs_table("features", comparison["quantity"], QUANTITY, title=title))
    lines = (Text(f"· {line}") for line in remarks(comparison))
    return Group(*parts, Text("To be compared digit by digit, row by row:"), *lines)


def render_systems(comparison: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.paper.systems.compare_systems` returned: two or three lines a system, then notes."""
    pairs = [{**row, "name": marked(row)} for row in comparison["rows"]]
    title = f"beside Table {comparison['table']}, {comparison['images']:,} images, percent"
    lines = [Text(LATER), *(Text(f"· {note}") for note in system_notes(comparison))]
    return Group(_pairs_table("name", pairs, SYMBOLS, title=title, sides=SYSTEM_SIDES), *lines)


def system_notes(comparison: Mapping[str, Any]) -> list[str]:
    """What to know of all the compared systems' rows, then of single ones."""
    return [*comparison["notes"], *(note for row in comparison["rows"] for note in row["notes"])]


def marked(row: Mapping[str, Any]) -> str:
    """A compared system's name, with what it reads and whether it is later work."""
    reads = " (tags)" if row["multi_modal"] else ""
    return f"{row['system']}{reads}{MARKS['later'] if row['source'] == 'later' else ''}"


def _scores_table(
    name: str, rows: Sequence[Mapping[str, Any]], heads: Mapping[str, str], *, title: str
) -> Table:
    heads = _used(heads, rows)
    table = narrow_table(name, heads, title=title)
    for row in rows:
        mark = MARKS.get(row.get("source"), "")
        table.add_row(Text(row[name] + mark), *numbers(row, heads))
    return table


def _pairs_table(
    name: str,
    pairs: Sequence[Mapping[str, Any]],
    heads: Mapping[str, str],
    *,
    title: str,
    sides: Mapping[str, str] = SIDES,
) -> Table:
    """Up to four lines a pair: ours, the paper's, what of it was likely meant otherwise, the difference."""
    table = narrow_table(name, {"side": "", **heads}, title=title)
    for pair in pairs:
        present = [side for side in sides if pair.get(side) is not None]
        for side in present:
            shown = pair[name] if side == present[0] else ""
            cells = numbers(pair[side], heads, signed=side == "difference")
            table.add_row(Text(shown), sides[side], *cells, end_section=side == present[-1])
    return table


def narrow_table(name: str, heads: Mapping[str, str], *, title: str) -> Table:
    """A table that fits 80 columns: a long name wraps, a number never does."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    table.add_column(name.capitalize())
    for head in heads.values():
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _used(heads: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The paper's columns, and mAP where some row has it."""
    return {key: head for key, head in heads.items() if key not in _MAP or any(key in row for row in rows)}


def numbers(scores: Mapping[str, float], heads: Mapping[str, str], *, signed: bool = False) -> list[str]:
    """A row's cells, 2 decimals, MSE 3; empty where it lacks a score."""
    sign = "+" if signed else ""
    return [
        format(scores[key], f"{sign}.{3 if key == 'mse' else 2}f") if key in scores else "" for key in heads
    ]


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
