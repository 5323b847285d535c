"""`mmannot-records verify`."""

from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell import console
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

Folder = Annotated[Path, typer.Argument(help="Folder of records, or one above it.")]


def verify(folder: Folder) -> None:
    """Check every byte and every record against the records' metadata."""
    records = open_records(folder, check=False)
    import_tensorflow()
    from tfrecords_tools.reading.verification import verify as find_problems

    problems = find_problems(records)
    for problem in problems:
        console.notice(f"problem: {records.path / problem}")
    if problems:
        raise typer.Exit(console.FAILED)
    typer.echo(f"whole: {records.path} ({counted(sum(records.splits.values()), 'image')})")
