"""`mmannot average`."""

from pathlib import Path
from typing import Annotated, Literal

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
    from mmannot_tf.evaluation.document import document
    from mmannot_tf.report.markdown import averages_table
    from mmannot_tf.workflows.averages import average_runs, printed_scores, rows_of_table
    from tfrecords_tools.shell.console import print_json

    averages = average_runs(runs, split)
    if table:
        averages = rows_of_table(averages, table)
    if as_json:
        print_json(document(averages))
    else:
        typer.echo(averages_table(averages, printed_scores(table) if table else {}), nl=False)
