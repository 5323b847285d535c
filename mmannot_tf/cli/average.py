"""`mmannot average`."""

from collections.abc import Mapping
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
    from mmannot_tf.evaluation.averages_table import markdown
    from tfrecords_tools.console import print_json

    found = averages([evaluation_of(run, split, bootstrap=0) for run in runs])
    printed = _printed(table) if table else {}
    if table:
        rows = {row["method"]: row for row in found["rows"]}
        later = [
            row["method"] for row in found["rows"] if row["source"] == "later" and table in ("III", "IV")
        ]
        found["rows"] = [rows[method] for method in [*printed, *later] if method in rows]
    if as_json:
        print_json(found)
    else:
        typer.echo(markdown(found, printed), nl=False)


def _printed(number: str) -> Mapping[str, Any]:
    """Our name of each printed row to its scores."""
    from dataclasses import asdict

    from mmannot_tf.paper.systems import our_name
    from mmannot_tf.paper.tables import table

    return {our_name(row.system): asdict(row.scores) for row in table(number)}
