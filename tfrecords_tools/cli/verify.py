"""`mmannot-records verify`."""

from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools import console
from tfrecords_tools.errors import UserError
from tfrecords_tools.quiet import import_tensorflow
from tfrecords_tools.records import Records, open_records

Folder = Annotated[Path, typer.Argument(help="Folder of records, or one above it.")]


def verify(folder: Folder) -> None:
    """Check every byte and every record against the records' metadata."""
    records = _opened(folder)
    import_tensorflow()
    from tfrecords_tools.verification import verify as find_problems

    problems = find_problems(records)
    for problem in problems:
        console.notice(f"problem: {records.path / problem}")
    if problems:
        raise typer.Exit(console.FAILED)
    typer.echo(f"whole: {records.path} ({sum(records.splits.values()):,} images)")


def _opened(folder: Path) -> Records:
    """The records; where their own small files cannot even be read, that is the finding."""
    try:
        return open_records(folder)
    except UnicodeDecodeError as error:
        raise UserError(
            f"records must be whole. Received: {folder}, where a text file is no UTF-8 ({error.reason}). "
            "Build them again with --overwrite."
        ) from None
