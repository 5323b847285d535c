"""Plots for the page about records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfrecords_tools.pages.svg import PAPER, PLOT, SPLITS, display_name, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

POINTS = 200
"""Most points drawn of a curve."""


def label_plot(shares: Mapping[str, Mapping[str, float]]) -> str:
    """Draws bars for the first split, one per label from top to bottom, and dots for the other splits.

    Args:
        shares: by split and label, the share of the split's images with the label.
    """
    with plot(rows=len(next(iter(shares.values())))) as (axes, svg):
        for number, (split, values) in enumerate(shares.items()):
            if number:
                axes.plot(
                    [*values.values()],
                    range(len(values)),
                    "o",
                    label=split,
                    color=SPLITS[split],
                    markeredgecolor=PAPER,
                    markersize=6,
                    clip_on=False,
                )
            else:
                _bars(axes, values, split=split)
        _shares(axes.xaxis, "share of the split's images")
        axes.tick_params(axis="x", top=True, labeltop=True)
        _legend(axes)
    return svg.getvalue()


def tag_plot(counts: Mapping[str, int]) -> str:
    """Draws a bar per tag, from top to bottom."""
    with plot(rows=len(counts)) as (axes, svg):
        _bars(axes, counts, split="train")
        _numbers(axes.xaxis, "training images")
        axes.tick_params(axis="x", top=True, labeltop=True)
    return svg.getvalue()


def rank_plot(counts: Sequence[int]) -> str:
    """Draws counts against their rank on logarithmic axes; `counts` must be in falling order."""
    last = len(counts) - 1
    steps = range(POINTS)
    ranks = sorted({round(len(counts) ** (step / (POINTS - 1))) - 1 for step in steps} | {0, last})
    with plot(height=PLOT) as (axes, svg):
        axes.loglog(
            [rank + 1 for rank in ranks], [counts[rank] for rank in ranks], ".-", color=SPLITS["train"]
        )
        _numbers(axes.xaxis, "rank of the tag")
        _numbers(axes.yaxis, "training images")
        axes.set_ylim(bottom=0.8)
        axes.grid(visible=True)
    return svg.getvalue()


def quantity_plot(shares: Mapping[str, Mapping[int, float]]) -> str:
    """Draws for every number of labels one bar per split.

    Args:
        shares: by split and number of labels, the share of the split's images with so many labels.
    """
    from matplotlib.ticker import MaxNLocator

    width = 0.8 / len(shares)
    with plot(height=PLOT) as (axes, svg):
        for number, (split, values) in enumerate(shares.items()):
            left = [quantity - 0.4 + width * number for quantity in values]
            axes.bar(left, [*values.values()], width, align="edge", color=SPLITS[split], label=split)
        _shares(axes.yaxis, "share of the split's images")
        axes.set_xlabel("labels of an image")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=True, axis="y")
        _legend(axes)
    return svg.getvalue()


def _bars(axes: Axes, values: Mapping[str, float], *, split: str) -> None:
    axes.barh(range(len(values)), [*values.values()], height=0.7, color=SPLITS[split], label=split)
    axes.set_yticks(range(len(values)), labels=[display_name(name) for name in values])
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=7)
    axes.grid(visible=True, axis="x")


def _legend(axes: Axes) -> None:
    entries = sorted(
        zip(*axes.get_legend_handles_labels(), strict=True), key=lambda entry: [*SPLITS].index(entry[1])
    )
    handles, names = zip(*entries, strict=True)
    axes.figure.legend(handles, names, loc="outside upper left", ncols=len(names))


def _numbers(axis: Axis, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(title)


def _shares(axis: Axis, title: str) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    axis.set_label_text(title)
