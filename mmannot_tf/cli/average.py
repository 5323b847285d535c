"""`mmannot average`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mmannot_tf.cli.arguments import JsonOption, SplitOption


def average(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Runs of one configuration, one a seed.")
    ],
    split: SplitOption = "test",
    table: Annotated[
        Literal["I", "II", "III", "IV"] | None,
        typer.Option(help="Only this table's rows, its printed numbers in brackets.", case_sensitive=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the means of several runs' rows, and how they spread over training seeds, in Markdown."""
    from mmannot_tf.cli.evaluate import evaluation_of
    from mmannot_tf.evaluation.averages import averages
    from mmannot_tf.report.markdown import averages_table
    from tfrecords_tools.shell.console import print_json

    found = averages([evaluation_of(run, split, bootstrap=0) for run in runs])
    printed = _printed(table) if table else {}
    if table:
        rows = {row["method"]: row for row in found["rows"]}
        found["rows"] = [rows[method] for method in _in_order(printed, found["rows"]) if method in rows]
    if as_json:
        print_json(found)
    else:
        typer.echo(averages_table(found, printed), nl=False)


def _in_order(printed: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The printed rows; beside systems also those it does not print, and later work."""
    yield from printed
    if "CNN+logistic" in printed:
        others = [row["method"] for row in rows if row["source"] in ("compared", "later")]
        yield from (method for method in others if method not in printed)


def _printed(number: str) -> Mapping[str, Any]:
    """Our name of each printed row to its scores."""
    from dataclasses import asdict

    from mmannot_tf.paper.systems import our_name
    from mmannot_tf.paper.tables import table

    return {our_name(row.system): asdict(row.scores) for row in table(number)}
