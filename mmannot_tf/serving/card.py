"""Reads of a model card, which `mmannot export` writes, what a person wants to know first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmannot_tf.serving.model import Model

FILE = "README.md"
MAX_BYTES = 1 << 20
"""Of a longer card the start is read; ours have some kilobytes."""
_NAME = re.compile(r"^# (.+): image annotation\b", re.MULTILINE)
_SCORES = re.compile(r"^## Scores\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d{1,3}(\.\d+)?")


@dataclass(frozen=True)
class Card:
    """A model's name and scores.

    Attributes:
        name: as the card has it; that of the run's or the export's folder without one.
        text: what was scored and how; empty without a card.
        scores: percent by the symbols of the paper's tables, such as "I-F1"; empty if none are known.
    """

    name: str
    text: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


def read_card(model: Model) -> Card:
    """Returns a model's card; what cannot be read of it is left out."""
    folder = model.path.resolve()
    name = folder.parent.name if folder.name.isdecimal() else folder.name
    try:
        with (model.path / FILE).open("rb") as file:
            content = file.read(MAX_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return Card(name)
    named, scored = _NAME.search(content), _SCORES.search(content)
    lines = scored.group(1).splitlines() if scored else []
    text = " ".join(line.strip() for line in lines if line.strip() and not line.startswith("|"))
    return Card(named.group(1) if named else name, text, _table(lines))


def _table(lines: list[str]) -> dict[str, float]:
    """The numbers of the first row of a Markdown table, by its heads."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("|")]
    if len(rows) < 3 or len(rows[0]) != len(rows[2]):
        return {}
    heads, _, cells = rows[:3]
    return {head: float(cell) for head, cell in zip(heads, cells, strict=True) if _NUMBER.fullmatch(cell)}
