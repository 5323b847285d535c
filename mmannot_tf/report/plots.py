"""The plots of the page about a run, as SVG elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmannot_tf.report.counts import ClassCounts
from mmannot_tf.report.curves import Curve
from tfrecords_tools.svg import INK, LINE, PAPER, SERIES, plot, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST, SECOND, THIRD = SERIES
STROKES = ((FIRST, "-", "o"), (SECOND, "--", "s"), (THIRD, ":", "^"))
"""Colour, line and mark of a curve, so that none is known by its colour alone."""
DARKEST = 0.55
"""Opacity of a matrix's fullest cell, over which its number can still be read."""


def class_plot(classes: Sequence[ClassCounts]) -> str:
    """A bar of precision and a dot of recall for every class, from the top in the order given."""
    places = range(len(classes))
    with plot(rows=len(classes)) as (axes, svg):
        precision = [one.precision or 0.0 for one in classes]
        recall = [math.nan if one.recall is None else one.recall for one in classes]
        axes.barh(places, precision, height=0.7, color=FIRST, label="precision (bar)")
        dots = {"color": THIRD, "markeredgecolor": PAPER, "markersize": 7, "clip_on": False}
        axes.plot(recall, places, "D", label="recall (diamond)", **dots)
        axes.set_yticks(places, labels=[shown(one.label) for one in classes])
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
        for name, (colour, line, mark) in zip(names, STROKES, strict=False):
            axes.plot(
                curve.epochs, curve.measures[name], line, marker=mark, markersize=4, color=colour, label=name
            )
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=True, axis="y")
        axes.figure.legend(loc="outside upper left", ncols=4, fontsize=9, handlelength=1.6, columnspacing=1)
    return svg.getvalue()


def confusion_plot(counts: np.ndarray, names: Sequence[str]) -> str:
    """Images by true quantity (rows) and predicted (columns); darker for a larger share of the row.

    Args:
        counts: [Q, Q] int.
        names: of the Q quantities.
    """
    of_row = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, of_row, out=np.zeros(counts.shape), where=of_row > 0)
    with plot(height=420) as (axes, svg):
        _cells(axes, shares, names, names)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                weight = "bold" if row == column else "normal"
                axes.text(column, row, f"{count}", ha="center", va="center", size=8, weight=weight, color=INK)
        axes.set_xlabel("predicted quantity")
        axes.set_ylabel("true quantity")
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
        _cells(axes, shares, [shown(name) for name in names], [shown(name) for name in names])
        axes.tick_params(axis="x", rotation=90)
        axes.tick_params(labelsize=9)
    return svg.getvalue()


def _cells(axes: Axes, shares: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> None:
    """A square for each share above a hundredth, the darker the larger."""
    from matplotlib.patches import Rectangle

    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.01:
            opacity = round(DARKEST * float(share), 3)
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=FIRST, alpha=opacity, linewidth=0)
            )
    axes.set_xticks(range(len(columns)), labels=columns)
    axes.set_yticks(range(len(rows)), labels=rows)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
