"""Cells, heads and names that tables share: those for the terminal, in Markdown and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

MAP = {"mean_average_precision": "mAP"}
QUANTITY = {"accuracy": "Accuracy (%)", "mse": "MSE"}
"""Score of a label quantity → its column's head."""
MARKS = {"ours": " *", "compared": " †", "later": " ‡"}
"""Behind the names of rows that are not the paper's own method's."""
SIDES = {"ours": "ours", "paper": "paper", "corrected": "corr.", "difference": "diff."}
"""Of a pair of `mmannot_tf.paper.compare`, as tables call them."""
SYSTEM_SIDES = {"here": "here", "published": "publ.", "corrected": "corr."}
"""Of a row of `mmannot_tf.paper.systems`."""
ABLATION_COLUMNS = ("CNN", "MS-CNN", "MS-CNN+Tags", "MS-CNN+LQP", "MS-CNN+Tags+LQP", "Upper bound")


def marked(row: Mapping[str, Any]) -> str:
    """A compared system's name, with what it reads and whether it is later work."""
    reads = " (tags)" if row["multi_modal"] else ""
    return f"{row['system']}{reads}{MARKS['later'] if row['source'] == 'later' else ''}"


def numbers(scores: Mapping[str, float], heads: Mapping[str, str], *, signed: bool = False) -> list[str]:
    """A row's cells, 2 decimals, MSE 3; empty where it lacks a score."""
    sign = "+" if signed else ""
    return [
        format(scores[key], f"{sign}.{3 if key == 'mse' else 2}f") if key in scores else "" for key in heads
    ]


def bounds(interval: Sequence[float], sign: str = "") -> str:
    """An interval in brackets, 2 decimals."""
    return "[{:{sign}.2f}, {:{sign}.2f}]".format(*interval, sign=sign)


def effect_cells(effects: Sequence[dict[str, Any]], measure: str) -> list[list[str]]:
    """A row a variant: its name, then mean ± spread of each method in `ABLATION_COLUMNS`."""
    by_variant: dict[str, dict[str, Any]] = {}
    for effect in effects:
        by_variant.setdefault(effect["variant"], {})[effect["method"]] = effect[measure]
    return [
        [name, *(_effect_cell(scores.get(method)) for method in ABLATION_COLUMNS)]
        for name, scores in by_variant.items()
    ]


def _effect_cell(effect: dict[str, float] | None) -> str:
    return "not trained" if effect is None else f"{effect['mean']:.1f} ± {effect['spread']:.1f}"
