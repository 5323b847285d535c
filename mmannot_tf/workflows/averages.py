"""Averages several runs, one a training seed, next to a printed table's numbers."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from mmannot_tf.evaluation.averages import (
    AveragedWays,
    Averages,
    average_ways,
    averages,
    check_same,
    set_in_words,
)
from mmannot_tf.paper.systems import SYSTEM_TABLES, our_name, unprinted_systems
from mmannot_tf.paper.tables import table
from mmannot_tf.workflows.evaluation import evaluate_run, predicted_split


def average_runs(paths: Sequence[Path], split: str, *, tagged: bool = False) -> Averages:
    """Evaluates runs, and returns the means and spreads of their rows.

    Args:
        paths: the runs' folders.
        split: of their records.
        tagged: as in `evaluate_run`.

    Raises:
        UserError: the runs were evaluated on different images.
    """
    return averages([evaluate_run(path, split, bootstrap=0, tagged=tagged) for path in paths])


def average_ways_of_runs(
    paths: Sequence[Path], split: str, *, tagged: bool = False
) -> tuple[AveragedWays, ...]:
    """Compares the ways to decide in each run, and returns their means; arguments as in `average_runs`."""
    splits = [predicted_split(path, split, tagged=tagged) for path in paths]
    sets = (each.predictions for each in splits)
    check_same([set_in_words(len(each.ids), each.split, len(each.label_names)) for each in sets])
    return average_ways([predicted.compare_ways(bootstrap=0) for predicted in splits])


def rows_of_table(averages: Averages, number: str) -> Averages:
    """The averages of a printed table's rows alone, in its order.

    A table of compared systems also gets, at the end, the systems that it does not print, and systems with
    another number of labels than it prints; later work comes last.

    Args:
        averages: of several runs.
        number: "I" to "IV".
    """
    rows = {row.method: row for row in averages.rows}
    printed = printed_scores(number)
    methods = [method for method in printed if method in rows]
    if number in SYSTEM_TABLES:
        methods += [row.method for row in unprinted_systems(averages.rows, printed)]
    return replace(averages, rows=tuple(rows[method] for method in methods))


def printed_scores(number: str) -> dict[str, dict[str, float]]:
    """Our name of each row of a printed table → its scores."""
    return {our_name(row.system): asdict(row.scores) for row in table(number)}
