"""Averages several runs, one a training seed, next to a printed table's numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmannot_tf.evaluation.averages import averages
from mmannot_tf.paper.systems import SYSTEM_TABLES, our_name
from mmannot_tf.paper.tables import table
from mmannot_tf.workflows.evaluation import evaluation_of


def averages_of(paths: Sequence[Path], split: str) -> dict[str, Any]:
    """The means and spreads of the runs' rows.

    Args:
        paths: the runs' folders.
        split: of their records.

    Raises:
        UserError: the runs were evaluated on different images.
    """
    return averages([evaluation_of(path, split, bootstrap=0) for path in paths])


def rows_of_table(averages: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The averages of a printed table's rows alone, in its order.

    To a table of compared systems it adds, at the end, the systems that the table does not print.

    Args:
        averages: from `averages_of`.
        number: "I" to "IV".
    """
    rows = {row["method"]: row for row in averages["rows"]}
    methods = _in_order(number, averages["rows"])
    return {**averages, "rows": [rows[method] for method in methods if method in rows]}


def printed_scores(number: str) -> dict[str, dict[str, float]]:
    """Our name of each row of a printed table → its scores."""
    return {our_name(row.system): asdict(row.scores) for row in table(number)}


def _in_order(number: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    printed = printed_scores(number)
    yield from printed
    if number in SYSTEM_TABLES:
        others = [row["method"] for row in rows if row["source"] in ("compared", "later")]
        yield from (method for method in others if method not in printed)
