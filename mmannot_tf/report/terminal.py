"""Evaluations, comparisons, ablations and the paper's printed tables, for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.uncertainty import MEASURES
from mmannot_tf.paper.audit import inconsistencies
from mmannot_tf.paper.contradictions import CONTRADICTIONS, other_test_sets_in_words
from mmannot_tf.paper.labels_per_image import K
from mmannot_tf.paper.other_test_sets import measured_rows
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS, quantity_table, table
from mmannot_tf.report.cells import (
    ABLATION_COLUMNS,
    MAP,
    MARKS,
    QUANTITY,
    SIDES,
    SYSTEM_SIDES,
    bounds,
    effect_cells,
    marked,
    numbers,
)
from mmannot_tf.report.remarks import LATER, MEANINGS, UNCERTAINTY, remarks, system_notes

MARK = "*"
"""Behind a printed number that its row contradicts."""


def render_scores(evaluation: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.evaluation.rows.evaluate` returned, for the terminal; 2 decimals, MSE 3."""
    title = f"{evaluation['split']}: {evaluation['images']:,} images, percent"
    parts: list[Table] = [_scores_table("method", evaluation["rows"], {**SYMBOLS, **MAP}, title=title)]
    if evaluation["quantity"]:
        quantity = _scores_table("features", evaluation["quantity"], QUANTITY, title="label quantity")
        parts.append(quantity)
    readings = ", ".join(f"{key} {value}" for key, value in evaluation["readings"].items())
    rows = [*evaluation["rows"], *evaluation["quantity"]]
    used = dict.fromkeys(row["source"] for row in rows if row["source"] in MARKS)
    marks = [Text(f"{MARKS[source].strip()} {MEANINGS[source]}") for source in used]
    return Group(*parts, *marks, Text(f"Readings of the paper: {readings}"))


def render_comparison(comparison: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.paper.compare.compare` returned: a table of pairs, then a line on each row."""
    methods, quantities = comparison["tables"]
    parts: list[Table | Text] = [
        _pairs_table("method", comparison["rows"], SYMBOLS, title=f"beside Table {methods}, percent")
    ]
    if comparison["quantity"]:
        title = f"label quantity beside Table {quantities}"
        parts.append(_pairs_table("features", comparison["quantity"], QUANTITY, title=title))
    lines = (Text(f"· {line}") for line in remarks(comparison))
    return Group(*parts, Text("To be compared digit by digit, row by row:"), *lines)


def render_systems(comparison: Mapping[str, Any]) -> Group:
    """What `mmannot_tf.paper.systems.compare_systems` returned: two or three lines a system, then notes."""
    pairs = [{**row, "name": marked(row)} for row in comparison["rows"]]
    title = f"beside Table {comparison['table']}, {comparison['images']:,} images, percent"
    lines = [Text(LATER), *(Text(f"· {note}") for note in system_notes(comparison))]
    return Group(_pairs_table("name", pairs, SYMBOLS, title=title, sides=SYSTEM_SIDES), *lines)


def render_uncertainty(evaluation: Mapping[str, Any]) -> list[Table | Text]:
    """I-F1 and H-F1 with their intervals, the pairs of rows, and how to read them; nothing without them."""
    if "resampling" not in evaluation:
        return []
    resampling = evaluation["resampling"]
    title = f"{resampling['confidence']:g} % intervals over {resampling['draws']:,} bootstrap resamples"
    parts: list[Table | Text] = [_intervals_table(evaluation["rows"], title)]
    if evaluation["pairs"]:
        parts.append(_tests_table(evaluation["pairs"]))
    return [*parts, Text(UNCERTAINTY)]


def render_effects(effects: Sequence[dict[str, Any]], measure: str, *, seeds: int) -> Table:
    """The table for the terminal."""
    title = f"{measure}, percent: mean ± standard deviation over {seeds} seeds"
    shown = Table("reading", title=title)
    for column in ABLATION_COLUMNS:
        shown.add_column(column, justify="right")
    for row in effect_cells(effects, measure):
        shown.add_row(*row)
    return shown


def render_tables(numbers: Iterable[str], *, marked: bool) -> Group:
    """The tables as printed.

    Args:
        numbers: Roman numbers.
        marked: put `MARK` behind the numbers that their rows contradict.
    """
    marks = {(found.row.table, found.row.system, found.found.score) for found in inconsistencies()}
    return Group(
        *(
            _annotation_table(number, marks if marked else set())
            if number in ANNOTATION_TABLES
            else _quantity_table(number)
            for number in numbers
        )
    )


def render_audit(numbers: Iterable[str]) -> Group:
    """What the audit found in the tables, in sentences, and the labels per image of the rows of fixed k."""
    numbers = tuple(numbers)
    sentences = [c.text for c in CONTRADICTIONS if c.table in numbers]
    others = other_test_sets_in_words(numbers)
    return Group(
        Text(f"Contradictions ({len(sentences)}), each number taken as the interval it was rounded from:"),
        *(Text(f"{MARK} {sentence}.") for sentence in sentences),
        Text(),
        *([_labels_table(numbers)] if measured_rows(numbers) else []),
        *(Text(f"· {sentence}.") for sentence in others),
    )


def _scores_table(
    name: str, rows: Sequence[Mapping[str, Any]], heads: Mapping[str, str], *, title: str
) -> Table:
    heads = _used(heads, rows)
    table = narrow_table(name, heads, title=title)
    for row in rows:
        mark = MARKS.get(row.get("source"), "")
        table.add_row(Text(row[name] + mark), *numbers(row, heads))
    return table


def _pairs_table(
    name: str,
    pairs: Sequence[Mapping[str, Any]],
    heads: Mapping[str, str],
    *,
    title: str,
    sides: Mapping[str, str] = SIDES,
) -> Table:
    """Up to four lines a pair: ours, the paper's, what of it was likely meant otherwise, the difference."""
    table = narrow_table(name, {"side": "", **heads}, title=title)
    for pair in pairs:
        present = [side for side in sides if pair.get(side) is not None]
        for side in present:
            shown = pair[name] if side == present[0] else ""
            cells = numbers(pair[side], heads, signed=side == "difference")
            table.add_row(Text(shown), sides[side], *cells, end_section=side == present[-1])
    return table


def narrow_table(name: str, heads: Mapping[str, str], *, title: str) -> Table:
    """A table that fits 80 columns: a long name wraps, a number never does."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    table.add_column(name.capitalize())
    for head in heads.values():
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _used(heads: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The paper's columns, and mAP where some row has it."""
    return {key: head for key, head in heads.items() if key not in MAP or any(key in row for row in rows)}


def _intervals_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    heads = {measure: f"{SYMBOLS[measure]} [low, high]" for measure in MEASURES}
    table = narrow_table("method", heads, title=title)
    for row in rows:
        cells = (f"{row[measure]:.2f} {bounds(row['intervals'][measure])}" for measure in MEASURES)
        table.add_row(Text(row["method"]), *map(Text, cells))
    return table


def _tests_table(pairs: Sequence[Mapping[str, Any]]) -> Table:
    heads = {"difference": "difference [low, high]", "p": "p"}
    table = narrow_table("pair", {"measure": "", **heads}, title="pairs of rows, percentage points")
    for pair in pairs:
        first = pair["measure"] == MEASURES[0]
        difference = f"{pair['difference']:+.2f} {bounds(pair['interval'], '+')}"
        name = Text(f"{pair['a']} over {pair['b']}" if first else "")
        table.add_row(name, SYMBOLS[pair["measure"]], Text(difference), f"{pair['p']:.3f}")
    return table


def _annotation_table(number: str, marks: set[tuple[str, str, str]]) -> Table:
    heads = {"multi_modal": "Tags", "quantity_prediction": "LQP", **SYMBOLS}
    shown = narrow_table("system", heads, title=f"Table {number}: {_title(number)}, percent")
    for row in table(number):
        numbers = (row.printed[score] + MARK * ((number, row.system, score) in marks) for score in SYMBOLS)
        shown.add_row(Text(row.system), _yes(row.multi_modal), _yes(row.quantity_prediction), *numbers)
    return shown


def _quantity_table(number: str) -> Table:
    heads = {"accuracy": "Accuracy (%)", "mse": "MSE"}
    shown = narrow_table("features", heads, title=f"Table {number}: {_title(number)}, quantity")
    for row in quantity_table(number):
        shown.add_row(Text(row.features), f"{row.scores.accuracy:.2f}", f"{row.scores.mse:.3f}")
    return shown


def _labels_table(numbers: tuple[str, ...]) -> Table:
    heads = {"table": "Table", "labels": "Labels per image", "own": "The paper's test set"}
    shown = narrow_table(
        "system", heads, title=f"Labels per image, {K} I-P / I-R of the rows of fixed k = {K}"
    )
    for measured in measured_rows(numbers):
        low, high = measured.labels.as_json()
        same = _yes(measured.is_of_the_papers_test_set())
        shown.add_row(Text(measured.row.system), measured.row.table, f"{low:.3f} to {high:.3f}", same)
    return shown


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _title(number: str) -> str:
    rows = [*table(number), *quantity_table(number)]
    return DATASETS[rows[0].dataset].title
