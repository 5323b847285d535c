"""An ablation's effects as a table for the terminal, and as Markdown for documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("CNN", "MS-CNN", "MS-CNN+Tags", "MS-CNN+LQP", "MS-CNN+Tags+LQP", "Upper bound")


def cells(effects: Sequence[dict[str, Any]], measure: str) -> list[list[str]]:
    """A row a variant: its name, then mean ± spread of each method in `COLUMNS`."""
    by_variant: dict[str, dict[str, Any]] = {}
    for effect in effects:
        by_variant.setdefault(effect["variant"], {})[effect["method"]] = effect[measure]
    return [[name, *(_cell(scores.get(method)) for method in COLUMNS)] for name, scores in by_variant.items()]


def markdown(effects: Sequence[dict[str, Any]], measure: str) -> str:
    """The table in Markdown."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    lines += ["| `" + row[0] + "` | " + " | ".join(row[1:]) + " |" for row in cells(effects, measure)]
    return "\n".join(lines) + "\n"


def render(effects: Sequence[dict[str, Any]], measure: str, *, seeds: int) -> Table:
    """The table for the terminal."""
    from rich.table import Table

    title = f"{measure}, percent: mean ± standard deviation over {seeds} seeds"
    table = Table("reading", title=title)
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in cells(effects, measure):
        table.add_row(*row)
    return table


def _cell(effect: dict[str, float] | None) -> str:
    return "not trained" if effect is None else f"{effect['mean']:.1f} ± {effect['spread']:.1f}"
