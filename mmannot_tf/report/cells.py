"""Cells and names that tables share: those for the terminal, in Markdown and on the page."""

from collections.abc import Mapping, Sequence

from mmannot_tf.ablation.effects import Effect, Measure, Summary
from mmannot_tf.evaluation.results import Bounds
from mmannot_tf.paper.systems import SystemRow

MAP = {"mean_average_precision": "mAP"}
QUANTITY = {"accuracy": "Accuracy (%)", "mse": "MSE"}
"""Score of a label quantity → its column's head."""
MARKS = {"ours": " *", "compared": " †", "later": " ‡"}
"""Source of a row → what follows its name; the paper's own method has no mark."""
BIASED = " ?"
"""What follows an interval that is not to be relied on."""
_ABLATED = (
    "CNN",
    "MS-CNN",
    *("MS-CNN+Tags", "CNN+Tags"),
    *("MS-CNN+LQP", "CNN+LQP"),
    *("MS-CNN+Tags+LQP", "CNN+Tags+LQP"),
    *("Upper bound", "Upper bound, CNN+Tags"),
)
"""The methods that an ablation shows; of two together a run has one, for it has fusion blocks or not."""


def system_name(row: SystemRow) -> str:
    """A compared system's name, with what it reads and whether it is later work."""
    reads = " (tags)" if row.multi_modal else ""
    return f"{row.system}{reads}{MARKS['later'] if row.source == 'later' else ''}"


def score_cells(scores: Mapping[str, float], heads: Mapping[str, str], *, signed: bool = False) -> list[str]:
    """A row's cells, 2 decimals, MSE 3; empty where it lacks a score."""
    sign = "+" if signed else ""
    return [
        format(scores[key], f"{sign}.{3 if key == 'mse' else 2}f") if key in scores else "" for key in heads
    ]


def interval_cell(interval: Bounds, sign: str = "") -> str:
    """An interval in brackets, 2 decimals."""
    low, high = interval
    return f"[{low:{sign}.2f}, {high:{sign}.2f}]"


def ablation_columns(effects: Sequence[Effect]) -> list[str]:
    """The methods of the variants that an ablation shows, in their order."""
    methods = {effect.method for effect in effects}
    return [method for method in _ABLATED if method in methods]


def effect_cells(effects: Sequence[Effect], measure: Measure) -> list[list[str]]:
    """A row a variant: its name, then mean ± spread of each method in `ablation_columns`."""
    columns = ablation_columns(effects)
    by_variant: dict[str, dict[str, Summary]] = {}
    for effect in effects:
        by_variant.setdefault(effect.variant, {})[effect.method] = effect.summaries[measure]
    return [
        [name, *(_effect_cell(summaries.get(method)) for method in columns)]
        for name, summaries in by_variant.items()
    ]


def _effect_cell(summary: Summary | None) -> str:
    return "not trained" if summary is None else f"{summary.mean:.1f} ± {summary.spread:.1f}"
