"""Writes docs/fidelity.md: `python -m mmannot_tf.paper.fidelity > docs/fidelity.md`."""

import json
import sys
from itertools import groupby

from mmannot_tf.paper.contradictions import CONTRADICTIONS
from mmannot_tf.paper.departures import DEPARTURES
from mmannot_tf.paper.readings import Key, Reading, readings

_HEAD = """\
# Fidelity: how the paper is read

<!-- Made by `python -m mmannot_tf.paper.fidelity > docs/fidelity.md`; edit mmannot_tf/paper/ instead. -->

Where the text of arXiv 1709.01220 leaves a choice open, the choice is named here, with the default and its
evidence. Numbers in brackets elsewhere in the project, as in [2], are the numbers of this page. A choice with
a key can be made otherwise in the configuration or on the command line; `mmannot evaluate` prints the values
in force and `mmannot compare` names those that differ from the default.
"""

_BASELINES = """\
The rows of other methods in Tables III and IV come from other test sets. At k = 3 the ratio I-R / I-P implies
2.41 labels an image for CNN+WARP and CNN+softmax (the 150,000/59,347 split), 2.16 for SINN, 2.14 for
TagNeighbour and 2.18 for CNN+logistic (150,000/40,253 of 190,253 images), against 2.547 for the paper's own
rows. They are not comparable digit by digit.
"""


def document() -> str:
    """The whole Markdown document."""
    parts = [_HEAD, "## The keys\n", _keys_table()]
    for section, members in groupby(readings(), key=lambda reading: reading.section):
        parts += [f"## {section}\n", *map(_reading, members)]
    parts += ["## What the printed tables contradict\n", *(f"- {c.text}." for c in CONTRADICTIONS), ""]
    parts += [_BASELINES, "## Where this project departs from the paper on purpose\n"]
    parts += [f"- **{departure.title}.** {departure.text}" for departure in DEPARTURES]
    return "\n".join(parts) + "\n"


def _keys_table() -> str:
    lines = ["| | key | default | options |", "|---|---|---|---|"]
    lines += [
        f"| {reading.number} | `{key.name}` | {_value(key.default)} | {_options(key)} |"
        for reading in readings()
        for key in reading.keys
    ]
    return "\n".join(lines) + "\n"


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


def _options(key: Key) -> str:
    if key.default is False:
        return "a switch"
    return ", ".join(map(_value, key.options)) or "any"


def _value(value: object) -> str:
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    sys.stdout.write(document())
