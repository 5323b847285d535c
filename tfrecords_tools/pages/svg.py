"""A plot as an SVG element to stand within a page: text stays text, colours are the page's own."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 480
"""Of every plot, in CSS pixels: readable on a telephone, where a wider one would shrink its text away."""
ROW = 17
"""Height of one bar with its name, in CSS pixels."""
LONGEST = 22
"""Characters of a name that a plot shows."""

COLOURS = {
    "#010203": "currentColor",
    "#040506": "var(--line)",
    "#070809": "var(--train)",
    "#0a0b0c": "var(--validation)",
    "#0d0e0f": "var(--test)",
    "#101112": "var(--paper)",
}
"""What stands for a colour while Matplotlib draws, and what the page's style sheet calls it."""
INK, LINE, *SERIES, PAPER = COLOURS
SPLITS = dict(zip(("train", "validation", "test"), SERIES, strict=True))
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


def shown(name: str) -> str:
    """A name as a plot shows it: one line of printable characters, cut where it is long."""
    line = "".join(
        one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(name.split())
    )
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


@contextlib.contextmanager
def plot(*, rows: int = 0, height: int = 0) -> Iterator[tuple[Axes, StringIO]]:
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
