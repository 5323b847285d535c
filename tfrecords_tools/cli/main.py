"""`mmannot-records`: lists photographs; builds, checks, inspects and verifies records."""

from collections.abc import Callable
from typing import Annotated

import typer

from tfrecords_tools.cli.build import build
from tfrecords_tools.cli.check import check
from tfrecords_tools.cli.inspect import inspect
from tfrecords_tools.cli.list import list_photographs
from tfrecords_tools.cli.options import with_settings
from tfrecords_tools.cli.sources import SOURCES, SourceType
from tfrecords_tools.cli.verify import verify
from tfrecords_tools.shell import console

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Raw image data sets to TFRecords, and back."
)
builds = typer.Typer(no_args_is_help=True, help="Build records from a source.")
checks = typer.Typer(no_args_is_help=True, help="Check a source's raw files; write nothing.")
app.add_typer(builds, name="build")
app.add_typer(checks, name="check")


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    return console.run(app, argv)


@app.callback()
def options(version: Annotated[bool, console.version_option("mmannot-records")] = False) -> None:
    """Options of the program itself."""


def _add(group: typer.Typer, source_type: SourceType, command: Callable[..., None]) -> None:
    options = with_settings(source_type.settings, command, first=(source_type,), doc=source_type.doc)
    group.command(source_type.name)(options)


for _kind in SOURCES:
    _add(builds, _kind, build)
    _add(checks, _kind, check)


app.command("list")(list_photographs)
app.command()(inspect)
app.command()(verify)
