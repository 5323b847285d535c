"""Plots of counts as SVG to stand within a page: text stays text, colours are the page's own."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 480
"""Of every plot, in CSS pixels: readable on a telephone, where a wider one would shrink its text away."""
ROW = 17
"""Height of one bar with its name, in CSS pixels."""
LONGEST = 22
"""Characters of a name that a plot shows."""
POINTS = 200
"""Of a curve, at most, however many values it has."""

COLOURS = {
    "#010203": "currentColor",
    "#040506": "var(--line)",
    "#070809": "var(--train)",
    "#0a0b0c": "var(--validation)",
    "#0d0e0f": "var(--test)",
    "#101112": "var(--paper)",
}
"""What stands for a colour while Matplotlib draws, and what the page's style sheet calls it."""
INK, LINE, *_SERIES, PAPER = COLOURS
SPLITS = dict(zip(("train", "validation", "test"), _SERIES, strict=True))
"""A split has the same colour in every plot."""

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mmannot",
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LINE,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def label_plot(shares: Mapping[str, Mapping[str, float]]) -> str:
    """Bars for the first split's labels, from the top in the order given, and a dot for each other split.

    Args:
        shares: by split, the share of its images that bear each label.
    """
    with _plot(rows=len(next(iter(shares.values())))) as (axes, svg):
        for number, (split, values) in enumerate(shares.items()):
            if number:
                dots = {"color": SPLITS[split], "markeredgecolor": PAPER, "markersize": 6, "clip_on": False}
                axes.plot(values.values(), range(len(values)), "o", label=split, **dots)
            else:
                _bars(axes, values, split=split)
        _shares(axes.xaxis, "share of the split's images")
        axes.tick_params(axis="x", top=True, labeltop=True)
        _legend(axes)
    return svg.getvalue()


def tag_plot(counts: Mapping[str, int]) -> str:
    """A bar for each tag, from the top in the order given."""
    with _plot(rows=len(counts)) as (axes, svg):
        _bars(axes, counts, split="train")
        _numbers(axes.xaxis, "training images")
        axes.tick_params(axis="x", top=True, labeltop=True)
    return svg.getvalue()


def rank_plot(counts: Sequence[int]) -> str:
    """Counts in falling order against their rank, both logarithmic."""
    last = len(counts) - 1
    steps = range(POINTS)
    places = sorted({round(len(counts) ** (step / (POINTS - 1))) - 1 for step in steps} | {0, last})
    with _plot(height=300) as (axes, svg):
        axes.loglog(
            [place + 1 for place in places], [counts[place] for place in places], ".-", color=SPLITS["train"]
        )
        _numbers(axes.xaxis, "rank of the tag")
        _numbers(axes.yaxis, "training images")
        axes.set_ylim(bottom=0.8)
        axes.grid(visible=True)
    return svg.getvalue()


def quantity_plot(shares: Mapping[str, Mapping[int, float]]) -> str:
    """For every number of labels, one bar beside another for each split.

    Args:
        shares: by split, the share of its images that bear each number of labels.
    """
    from matplotlib.ticker import MaxNLocator

    width = 0.8 / len(shares)
    with _plot(height=300) as (axes, svg):
        for number, (split, values) in enumerate(shares.items()):
            left = [quantity - 0.4 + width * number for quantity in values]
            axes.bar(left, values.values(), width, align="edge", color=SPLITS[split], label=split)
        _shares(axes.yaxis, "share of the split's images")
        axes.set_xlabel("labels of an image")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=True, axis="y")
        _legend(axes)
    return svg.getvalue()


def shown(name: str) -> str:
    """A name as a plot shows it: one line of printable characters, cut where it is long."""
    line = "".join(
        one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(name.split())
    )
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


@contextlib.contextmanager
def _plot(*, rows: int = 0, height: int = 0) -> Iterator[tuple[Axes, StringIO]]:
    """Axes to draw in; the finished SVG element is in the text file after the block."""
    import matplotlib
    from matplotlib.figure import Figure

    svg = StringIO()
    size = (WIDTH / 72, (height or rows * ROW + 90) / 72)
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        yield figure.add_subplot(), svg
        svg.write(_element(figure))


def _element(figure: Figure) -> str:
    """The bare `<svg>` element: no prologue, no ids but those referred to, colours by their CSS names."""
    file = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    text = file.getvalue()
    box = re.search(r'viewBox="([^"]*)"', text)
    body = text[text.index(">", text.index("<svg ")) + 1 :]
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"\b(fill|stroke): (#[0-9a-f]{6})", _named, body)
    return f'<svg viewBox="{box[1]}" width="{WIDTH}" aria-hidden="true">{body}'


def _named(colour: re.Match[str]) -> str:
    return f"{colour[1]}: {COLOURS.get(colour[2], colour[2])}"


def _bars(axes: Axes, values: Mapping[str, float], *, split: str) -> None:
    axes.barh(range(len(values)), values.values(), height=0.7, color=SPLITS[split], label=split)
    axes.set_yticks(range(len(values)), labels=[shown(name) for name in values])
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
