"""Draws a plot as an SVG element of a page: text stays text, colours come from the page's style sheet."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

WIDTH = 480
"""Width of a plot in its own units; the style sheet shows it a tenth larger, and a narrow window scrolls."""
ROW = 17
"""Height of one bar with its name."""
PLOT = 300
"""Height of a plot that has no rows."""
MAX_NAME = 22
"""Characters of a name shown in a plot."""

COLOURS = {
    "#010203": "currentColor",
    "#040506": "var(--line)",
    "#070809": "var(--train)",
    "#0a0b0c": "var(--validation)",
    "#0d0e0f": "var(--test)",
    "#101112": "var(--paper)",
    "#131415": "var(--strong)",
}
"""Placeholder colours for Matplotlib, and the style sheet's names that replace them."""
INK, LINE, *SERIES, PAPER, STRONG = COLOURS
SPLITS = dict(zip(("train", "validation", "test"), SERIES, strict=True))
"""The colour of each split."""

STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mmannot",
    "text.parse_math": False,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
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


def display_name(name: str) -> str:
    """A name as shown in a plot: one line of printable characters, shortened if it is long."""
    line = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(name.split())
    )
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def bars_height(rows: int) -> int:
    """The height of a plot with a bar in every row."""
    return rows * ROW + 90


@contextlib.contextmanager
def plot(*, rows: int = 0, height: int = 0) -> Iterator[tuple[Axes, StringIO]]:
    """Yields axes to draw in and a text file, which holds the SVG element after the block."""
    import matplotlib
    from matplotlib.figure import Figure

    svg = StringIO()
    size = (WIDTH / 72, (height or bars_height(rows)) / 72)
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        yield figure.add_subplot(), svg
        svg.write(_element(figure))


def _element(figure: Figure) -> str:
    """The figure as an `<svg>` element without prologue and unused ids, its colours by their CSS names."""
    file = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    text = file.getvalue()
    box = text.split('viewBox="', 1)[1].split('"', 1)[0]
    body = text[text.index(">", text.index("<svg ")) + 1 :]
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", body)  # turns a text by nothing
    body = re.sub(r"\b(fill|stroke): (#[0-9a-f]{6})", _with_css_name, body)
    return f'<svg viewBox="{box}" width="{WIDTH}" aria-hidden="true">{body}'


def _with_css_name(colour: re.Match[str]) -> str:
    return f"{colour[1]}: {COLOURS.get(colour[2], colour[2])}"
