"""Writes docs/fidelity.md: `python -m mmannot_tf.report.fidelity > docs/fidelity.md`."""

import json
import sys
from importlib.resources import files
from itertools import groupby

from mmannot_tf.paper.contradictions import CONTRADICTIONS, other_test_sets_in_words
from mmannot_tf.paper.departures import DEPARTURES
from mmannot_tf.paper.readings import Key, Reading, readings
from mmannot_tf.report.markdown import markdown_table

_HEAD = """\
# Fidelity: how the paper is read

<!-- Made by `python -m mmannot_tf.report.fidelity > docs/fidelity.md`; edit mmannot_tf/paper/ instead. -->

This page lists the points that the text of arXiv 1709.01220 leaves open. A reading is one way to read such a
point. Each point has this project's default reading and the evidence for it. The rest of the project cites a
point by its number, as in [2]. If a point has a key, the configuration or the command line can choose another
reading. `mmannot evaluate` prints the values in force; `mmannot compare` names those that differ from the
default.
"""


def document() -> str:
    """The whole Markdown document."""
    parts = [_HEAD, "## The keys\n", _keys_table()]
    for section, members in groupby(readings(), key=lambda reading: reading.section):
        parts += [f"## {section}\n", *map(_reading, members)]
    contradictions = [c.text for c in CONTRADICTIONS]
    parts += ["## What the printed tables contradict\n", *(f"- {text}." for text in contradictions), ""]
    parts += ["Rows that come from other test sets, and are not comparable digit by digit:\n"]
    parts += [*(f"- {text}." for text in other_test_sets_in_words()), ""]
    parts += ["## What the readings of the optimisation are worth\n", _measured()]
    parts += ["## Where this project departs from the paper on purpose\n"]
    parts += [f"- **{departure.title}.** {departure.text}" for departure in DEPARTURES]
    return "\n".join(parts) + "\n"


def _measured() -> str:
    """An ablation's table as a command printed it, with that command."""
    return (files("mmannot_tf.paper") / "measured.md").read_text(encoding="utf-8")


def _keys_table() -> str:
    rows = [
        [str(reading.number), f"`{key.name}`", _default(key), _options(key)]
        for reading in readings()
        for key in reading.keys
    ]
    return markdown_table(["", "key", "default", "options"], rows, text_columns=4)


def _reading(reading: Reading) -> str:
    options = reading.options if len(reading.options) > 1 else ()
    lines = [
        f"### {reading.number}. {reading.title}\n",
        f"- The paper: {reading.paper}",
        *(["- Readings: " + "; ".join(options) + "."] if options else []),
        f"- Default: {reading.default}",
        f"- Evidence: {reading.evidence}",
    ]
    if reading.keys:
        lines.append("- Key: " + ", ".join(f"`{key.name}`" for key in reading.keys))
    return "\n".join(lines) + "\n"


def _default(key: Key) -> str:
    paper = "" if key.paper is None else f" (the paper's: {_value(key.paper)})"
    return f"{_value(key.default)}{paper}"


def _options(key: Key) -> str:
    if key.default is False:
        return "a switch"
    return ", ".join(map(_value, key.options)) or "any"


def _value(value: object) -> str:
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    sys.stdout.write(document())
