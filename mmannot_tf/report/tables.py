"""The tables of the page about a run: rows beside the paper's, and how sure they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.uncertainty import MEASURES
from mmannot_tf.paper.tables import DATASETS, table
from mmannot_tf.report.cells import QUANTITY, SIDES, SYSTEM_SIDES, bounds, marked, numbers


@dataclass(frozen=True)
class Group:
    """The lines of one row's name.

    Attributes:
        name: of the method, system or features.
        lines: what each is, "ours" or "paper", and its cells; "" where there is but one kind.
    """

    name: str
    lines: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Table:
    """A table as a page shows it.

    Attributes:
        title: above it.
        heads: of the columns; "" over what a line is.
        groups: the rows.
    """

    title: str
    heads: list[str]
    groups: list[Group]


def own_tables(comparison: Mapping[str, Any]) -> list[Table]:
    """The method's rows beside Table I or II, and the label quantities beside Table V or VI.

    Args:
        comparison: from `mmannot_tf.paper.compare.compare`.
    """
    methods, quantities = comparison["tables"]
    parts = (
        ("method", "rows", SYMBOLS, f"Beside Table {methods} ({_title(methods)}), percent"),
        ("features", "quantity", QUANTITY, f"Label quantity beside Table {quantities}"),
    )
    return [
        Table(title, [name, "", *heads.values()], _groups(name, comparison[part], heads, SIDES))
        for name, part, heads, title in parts
        if comparison[part]
    ]


def systems_table(systems: Mapping[str, Any]) -> Table:
    """The compared systems beside Table III or IV.

    Args:
        systems: from `mmannot_tf.paper.systems.compare_systems`.
    """
    rows = [{**row, "name": marked(row)} for row in systems["rows"]]
    title = f"Compared systems beside Table {systems['table']} ({_title(systems['table'])}), percent"
    return Table(title, ["system", "", *SYMBOLS.values()], _groups("name", rows, SYMBOLS, SYSTEM_SIDES))


def interval_tables(uncertainty: Mapping[str, Any] | None) -> list[Table]:
    """Intervals of the rows, then the pairs of rows; nothing where none were made."""
    if uncertainty is None:
        return []
    rows = [
        Group(
            row["method"], [("", [f"{row[name]:.2f} {bounds(row['intervals'][name])}" for name in MEASURES])]
        )
        for row in uncertainty["rows"]
    ]
    lines: dict[str, list[tuple[str, list[str]]]] = {}
    for pair in uncertainty["pairs"]:
        cells = [f"{pair['difference']:+.2f} {bounds(pair['interval'], '+')}", f"{pair['p']:.3f}"]
        lines.setdefault(f"{pair['a']} over {pair['b']}", []).append((SYMBOLS[pair["measure"]], cells))
    pairs = [Group(name, found) for name, found in lines.items()]
    confidence = f"{uncertainty['resampling']['confidence']:g} % intervals"
    tables = [
        Table(confidence, ["method", "", *(f"{SYMBOLS[name]} [low, high]" for name in MEASURES)], rows),
        Table("Pairs of rows, percentage points", ["pair", "", "difference [low, high]", "p"], pairs),
    ]
    return [one for one in tables if one.groups]


def _groups(
    name: str, pairs: Iterable[Mapping[str, Any]], heads: Mapping[str, str], sides: Mapping[str, str]
) -> list[Group]:
    return [
        Group(
            pair[name],
            [
                (words, numbers(pair[side], heads, signed=side == "difference"))
                for side, words in sides.items()
                if pair.get(side) is not None
            ],
        )
        for pair in pairs
    ]


def _title(number: str) -> str:
    return DATASETS[table(number)[0].dataset].title
