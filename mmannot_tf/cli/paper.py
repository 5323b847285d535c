"""`mmannot paper`."""

from typing import Annotated, Literal

import typer

from mmannot_tf.cli.arguments import JsonOption

Number = Literal["I", "II", "III", "IV", "V", "VI"]


def paper(
    table: Annotated[
        Number | None, typer.Option(case_sensitive=False, help="One table; all without.")
    ] = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Recompute every F1 and the labels per image; name what contradicts."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the paper's Tables I to VI, and with --audit what they contradict."""
    from mmannot_tf.paper.tables import ANNOTATION_TABLES, QUANTITY_TABLES

    numbers = (table,) if table else (*ANNOTATION_TABLES, *QUANTITY_TABLES)
    if as_json:
        _print_json(numbers, audit)
    else:
        _print_tables(numbers, audit)


def _print_json(numbers: tuple[str, ...], audit: bool) -> None:
    from mmannot_tf.paper.audit import audit_as_json
    from mmannot_tf.paper.tables import tables_as_json
    from tfrecords_tools.shell.console import print_json

    print_json({"tables": tables_as_json(numbers), **(audit_as_json(numbers) if audit else {})})


def _print_tables(numbers: tuple[str, ...], audit: bool) -> None:
    from rich.console import Console

    from mmannot_tf.report.terminal import render_audit, render_tables

    console = Console()
    console.print(render_tables(numbers, marked=audit))
    if audit:
        console.print(render_audit(numbers))
