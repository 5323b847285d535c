"""`mmannot average`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import JsonOption, SplitOption, TaggedOption, table_number


def average(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Runs of one configuration, one a seed.")
    ],
    split: SplitOption = "test",
    tagged: TaggedOption = False,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="[I|II|III|IV]", help="Only this table's rows, its printed numbers in brackets."
        ),
    ] = None,
    ways: Annotated[
        bool, typer.Option("--ways", help="Instead, every way to decide how many labels an image gets.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the means of several runs' rows, and how they spread over training seeds, in Markdown."""
    from mmannot_tf.evaluation.document import document
    from mmannot_tf.paper.tables import ANNOTATION_TABLES
    from mmannot_tf.report.markdown import (
        averages_caption,
        averages_table,
        quantities_table,
        ways_tables,
    )
    from mmannot_tf.report.ways import CONVENTION
    from mmannot_tf.workflows.averages import (
        average_runs,
        average_ways_of_runs,
        printed_scores,
        rows_of_table,
    )
    from tfrecords_tools.shell.console import print_json

    if ways:
        compared = average_ways_of_runs(runs, split, tagged=tagged)
        if as_json:
            print_json(document(compared))
        else:
            typer.echo("\n".join([*ways_tables(compared), CONVENTION]))
        return
    number = None if table is None else table_number(table, ANNOTATION_TABLES)
    averages = average_runs(runs, split, tagged=tagged)
    if number:
        averages = rows_of_table(averages, number)
    if as_json:
        print_json(document(averages))
    else:
        typer.echo(averages_caption(averages, tagged=tagged) + "\n")
        typer.echo(averages_table(averages, printed_scores(number) if number else {}), nl=False)
        if averages.quantity and not number:
            typer.echo("\n" + quantities_table(averages), nl=False)
