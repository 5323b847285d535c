"""Tables whose rows have several lines: ours and the paper's, or intervals and paired tests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.results import RowUncertainty, ScoredRow
from mmannot_tf.evaluation.uncertainty import MEASURES
from mmannot_tf.paper.compare import Comparison, Pair, Scores
from mmannot_tf.paper.systems import ComparedSystems
from mmannot_tf.paper.tables import DATASETS, table
from mmannot_tf.report.cells import BIASED, QUANTITY, interval_cell, score_cells, system_name

Line = tuple[str, list[str]]
"""What a line is, "ours" or "paper", and its cells; "" where a table has but one kind of line."""


@dataclass(frozen=True)
class RowGroup:
    """The lines of one row.

    Attributes:
        name: of the method, system or features.
        lines: at least one.
    """

    name: str
    lines: list[Line]


@dataclass(frozen=True)
class GroupedTable:
    """A table of such rows.

    Attributes:
        title: above it.
        heads: of the columns; "" over what a line is.
        groups: the rows.
    """

    title: str
    heads: list[str]
    groups: list[RowGroup]


def own_tables(comparison: Comparison) -> list[GroupedTable]:
    """The method's rows and Table I or II's, then the label quantities and Table V or VI's."""
    methods, quantities = comparison.tables
    tables = [
        GroupedTable(
            f"Beside Table {methods} ({_title(methods)}), percent",
            ["method", "", *SYMBOLS.values()],
            [RowGroup(row.method, _pair_lines(row.pair, SYMBOLS)) for row in comparison.rows],
        ),
        GroupedTable(
            f"Label quantity beside Table {quantities}",
            ["features", "", *QUANTITY.values()],
            [RowGroup(row.features, _pair_lines(row.pair, QUANTITY)) for row in comparison.quantity],
        ),
    ]
    return [table for table in tables if table.groups]


def systems_table(systems: ComparedSystems) -> GroupedTable:
    """The compared systems here and as published in Table III or IV."""
    title = f"Compared systems beside Table {systems.table} ({_title(systems.table)}), percent"
    groups = [
        RowGroup(
            system_name(row),
            _lines([("here", row.here), ("publ.", row.published), ("corr.", row.corrected)], SYMBOLS),
        )
        for row in systems.rows
    ]
    return GroupedTable(title, ["system", "", *SYMBOLS.values()], groups)


def interval_tables(uncertainty: RowUncertainty | None) -> list[GroupedTable]:
    """The rows' intervals, then the pairs of rows; nothing where none were made."""
    if uncertainty is None:
        return []
    rows = [
        RowGroup(
            row.method,
            [("", [_score_with_interval(row, name) for name in MEASURES])],
        )
        for row in uncertainty.rows
    ]
    lines: dict[str, list[Line]] = {}
    for pair in uncertainty.tests.pairs:
        doubt = BIASED if pair.biased else ""
        cells = [f"{pair.difference:+.2f} {interval_cell(pair.interval, '+')}{doubt}", f"{pair.p:.3f}"]
        lines.setdefault(f"{pair.a} over {pair.b}", []).append((SYMBOLS[pair.measure], cells))
    pairs = [RowGroup(name, of_pair) for name, of_pair in lines.items()]
    tables = [
        GroupedTable(
            f"{uncertainty.tests.resampling.confidence:g} % intervals",
            ["method", "", *(f"{SYMBOLS[name]} [low, high]" for name in MEASURES)],
            rows,
        ),
        GroupedTable("Pairs of rows, percentage points", ["pair", "", "difference [low, high]", "p"], pairs),
    ]
    return [table for table in tables if table.groups]


def _score_with_interval(row: ScoredRow, name: str) -> str:
    doubt = BIASED if name in (row.biased or ()) else ""
    return f"{row.measures[name]:.2f} {interval_cell(row.intervals[name])}{doubt}"


def _pair_lines(pair: Pair, heads: Mapping[str, str]) -> list[Line]:
    lines = _lines([("ours", pair.ours), ("paper", pair.paper), ("corr.", pair.corrected)], heads)
    if pair.difference is not None:
        lines.append(("diff.", score_cells(pair.difference, heads, signed=True)))
    return lines


def _lines(sides: Iterable[tuple[str, Scores | None]], heads: Mapping[str, str]) -> list[Line]:
    return [(words, score_cells(scores, heads)) for words, scores in sides if scores is not None]


def _title(number: str) -> str:
    return DATASETS[table(number)[0].dataset].title
