"""The plots of the page about a run, as SVG elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from mmannot_tf.evaluation.how_many import HowMany, Reliability
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.report.counts import ClassCounts
from mmannot_tf.report.curves import Curve
from tfrecords_tools.pages.svg import INK, LINE, PAPER, SERIES, STRONG, display_name, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

FIRST, SECOND, THIRD = SERIES
BLACK = "#000000"
STROKES = ((FIRST, "-", "o"), (SECOND, "--", "s"), (THIRD, ":", "^"), (INK, "-.", "D"))
"""Colour, line and mark of a curve, so that colour is never the only difference."""
MARKS = (("o", FIRST), ("s", SECOND), ("^", THIRD), ("D", INK), ("v", FIRST), ("P", SECOND), ("X", THIRD))
"""Mark and colour of a point."""
FULLEST = 0.85
"""Opacity of a matrix's fullest cell: black numbers on it can be read, on light paper as on dark."""
FULL = 0.65
"""Opacity above which a cell is too full for white numbers, which dark paper asks for."""
IN_COLUMNS = 30
"""Classes in one plot; two plots share more."""
NAMES = {
    "loss": "training loss",
    "mse": "MSE",
    "accuracy": "quantity accuracy",
    "image_f1": SYMBOLS["image_f1"],
    "class_f1": SYMBOLS["class_f1"],
    "ranking_precision": "ranking precision",
}
"""Measure of a log → its name in plots and text."""


def class_plots(classes: Sequence[ClassCounts]) -> list[str]:
    """All classes in one plot, or in two side by side where they are many."""
    half = (len(classes) + 1) // 2
    parts = [classes] if len(classes) <= IN_COLUMNS else [classes[:half], classes[half:]]
    return [class_plot(part) for part in parts]


def class_plot(classes: Sequence[ClassCounts]) -> str:
    """A bar of precision and a dot of recall for every class, from the top in the order given."""
    places = range(len(classes))
    with plot(rows=len(classes)) as (axes, svg):
        precision = [counts.precision or 0.0 for counts in classes]
        recall = [math.nan if counts.recall is None else counts.recall for counts in classes]
        axes.barh(places, precision, height=0.7, color=FIRST, label="precision (bar)")
        axes.plot(
            recall,
            places,
            "D",
            label="recall (diamond)",
            color=THIRD,
            markeredgecolor=PAPER,
            markersize=7,
            clip_on=False,
        )
        axes.set_yticks(places, labels=[display_name(counts.label) for counts in classes])
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.tick_params(axis="y", length=0, pad=7)
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("percent")
        axes.figure.legend(loc="outside upper left", ncols=2)
    return svg.getvalue()


def curve_plots(curve: Curve) -> list[str]:
    """A plot of the stage's losses, and one of its validation measures in percent where it has any."""
    losses = [name for name in curve.measures if name in ("loss", "mse")]
    percent = [name for name in curve.measures if name not in losses]
    return [_curve_plot(curve, names) for names in (losses, percent) if names]


def _curve_plot(curve: Curve, names: Sequence[str]) -> str:
    from matplotlib.ticker import MaxNLocator

    with plot(height=210) as (axes, svg):
        if curve.best_epoch is not None:
            axes.axvline(curve.best_epoch, color=LINE, linewidth=5, label=f"kept: epoch {curve.best_epoch}")
        for name, (colour, line, mark) in zip(names, cycle(STROKES), strict=False):
            axes.plot(
                curve.epochs,
                curve.measures[name],
                line,
                marker=mark,
                markersize=4,
                color=colour,
                label=NAMES.get(name, name),
            )
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=True, axis="y")
        axes.figure.legend(loc="outside upper left", ncols=4, fontsize=10, handlelength=1.6, columnspacing=1)
    return svg.getvalue()


def trade_off_plot(how_many: HowMany) -> str:
    """Precision against recall of all thresholds, and the ways as marks on it."""
    with plot(height=360) as (axes, svg):
        axes.plot(how_many.recall, how_many.precision, "-", color=INK, linewidth=1.2, label="all thresholds")
        for point, (mark, colour) in zip(how_many.points, cycle(MARKS), strict=False):
            place = [point.recall], [point.precision]
            axes.plot(*place, mark, color=colour, markeredgecolor=PAPER, markersize=9, label=point.name)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xlabel("recall of all images' labels (I-R), percent")
        axes.set_ylabel("precision (I-P), percent")
        axes.grid(visible=True)
        axes.figure.legend(loc="outside upper left", ncols=2, fontsize=9, handlelength=1.4, columnspacing=1)
    return svg.getvalue()


def reliability_plot(reliabilities: Sequence[Reliability]) -> str:
    """The share of true pairs in bins of their probability; on the diagonal, probabilities are right."""
    with plot(height=360) as (axes, svg):
        axes.plot([0, 1], [0, 1], "-", color=LINE, linewidth=4, label="right")
        for each, (colour, line, mark) in zip(reliabilities, STROKES, strict=False):
            axes.plot(
                each.predicted, each.true, line, marker=mark, markersize=5, color=colour, label=each.name
            )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("mean probability of the bin")
        axes.set_ylabel("share of pairs that are true")
        axes.grid(visible=True)
        axes.figure.legend(loc="outside upper left", ncols=3, fontsize=10, handlelength=1.6, columnspacing=1)
    return svg.getvalue()


def confusion_plot(counts: np.ndarray, names: Sequence[str]) -> str:
    """Images by true quantity (rows) and predicted (columns); the fuller the larger the share of the row.

    Args:
        counts: [Q, Q] int.
        names: of the Q quantities.
    """
    of_row = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, of_row, out=np.zeros(counts.shape), where=of_row > 0)
    with plot(height=420) as (axes, svg):
        _cells(axes, shares, counts, names)
        axes.set_xlabel("predicted quantity")
        axes.set_ylabel("true quantity")
        axes.tick_params(labelsize=9)
    return svg.getvalue()


def together_plot(shares: np.ndarray, names: Sequence[str]) -> str:
    """Of the images with a row's label, the share that has a column's too; the diagonal is left empty.

    Args:
        shares: [L, L] float from 0 to 1, or NaN.
        names: of the L labels.
    """
    shares = np.nan_to_num(shares)
    np.fill_diagonal(shares, 0.0)
    with plot(height=470) as (axes, svg):
        _cells(axes, shares, (100 * shares).round().astype(int), [display_name(name) for name in names])
        axes.tick_params(axis="x", rotation=90)
        axes.tick_params(labelsize=9)
        axes.figure.legend(handles=_scale(), loc="outside upper left", ncols=4, fontsize=10, handlelength=1.2)
    return svg.getvalue()


def _scale() -> list[Patch]:
    from matplotlib.patches import Patch

    shares = (0.1, 0.25, 0.5, 1.0)
    return [
        Patch(facecolor=FIRST, alpha=_opacity(share), linewidth=0, label=f"{100 * share:.0f} %")
        for share in shares
    ]


def _opacity(share: float) -> float:
    """By the square root, so that small shares differ from the paper and from each other."""
    return round(FULLEST * math.sqrt(share), 3)


def _cells(axes: Axes, shares: np.ndarray, numbers: np.ndarray, names: Sequence[str]) -> None:
    """A square with its number for each share above zero; the diagonal's numbers are bold.

    Args:
        axes: to draw in.
        shares: [N, N] float from 0 to 1.
        numbers: [N, N] int.
        names: of the N rows and columns.
    """
    from matplotlib.patches import Rectangle

    for (row, column), share in np.ndenumerate(shares):
        if share:
            opacity, corner = _opacity(share), (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, facecolor=FIRST, alpha=opacity, linewidth=0))
            axes.text(
                column,
                row,
                f"{numbers[row, column]}",
                ha="center",
                va="center",
                size=8,
                weight="bold" if row == column else "normal",
                color=BLACK if opacity > FULL else STRONG,
            )
    axes.set_xticks(range(len(names)), labels=names)
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
