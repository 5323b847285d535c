"""`mmannot-records`: builds, checks, inspects and verifies records."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools import console
from tfrecords_tools.cli.build import build
from tfrecords_tools.cli.options import with_settings
from tfrecords_tools.cli.sources import KINDS, Kind
from tfrecords_tools.quiet import import_tensorflow
from tfrecords_tools.records import open_records

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Raw image data sets to TFRecords, and back."
)
builds = typer.Typer(no_args_is_help=True, help="Build records from a source.")
app.add_typer(builds, name="build")

Folder = Annotated[Path, typer.Argument(help="Folder of records, or one above it.")]


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    return console.run(app, argv)


@app.callback()
def options(version: console.version_option("mmannot-records") = False) -> None:
    """Options of the program itself."""


def _add(group: typer.Typer, kind: Kind, command: Callable[..., None]) -> None:
    group.command(kind.name)(with_settings(kind.settings, command, first=(kind,), doc=kind.doc))


for _kind in KINDS:
    _add(builds, _kind, build)


@app.command()
def inspect(
    folder: Folder, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> None:
    """Count what the records hold."""
    records = open_records(folder)
    import_tensorflow()
    from tfrecords_tools.inspection import inspect as count
    from tfrecords_tools.inspection import tables

    counts = count(records)
    if json:
        console.print_json(counts)
    else:
        from rich.console import Console

        Console().print(*tables(counts), sep="\n")


@app.command()
def verify(folder: Folder) -> None:
    """Check every byte and every record against the records' metadata."""
    records = open_records(folder)
    import_tensorflow()
    from tfrecords_tools.verification import verify as find_problems

    problems = find_problems(records)
    for problem in problems:
        console.notice(f"problem: {records.path / problem}")
    if problems:
        raise typer.Exit(console.FAILED)
    typer.echo(f"whole: {records.path} ({sum(records.splits.values()):,} images)")
