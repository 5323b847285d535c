"""`mmannot-records inspect`."""

from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.reading.passed_over import summary
from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell import console
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

Folder = Annotated[Path, typer.Argument(help="Folder of records, or one above it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with samples and plots.")
]
Raw = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="The folder that the records were built from: the page shows pictures of what was left out.",
    ),
]


def inspect(folder: Folder, json: Json = False, html: Html = None, raw: Raw = None) -> None:
    """Count the images, labels and tags of the records."""
    from tfrecords_tools.pages.html import check_page
    from tfrecords_tools.pages.page import write_page

    records = open_records(folder)
    if html is not None:
        check_page(html, records)
    elif raw is not None:
        raise UserError(
            f"--raw must come with --html. Received: --raw {raw} alone. Leave it out, or add --html."
        )
    import_tensorflow()
    from tfrecords_tools.reading.inspection import inspect as count
    from tfrecords_tools.reading.inspection import tables

    counts = count(records)
    if html is not None:
        write_page(html, records, counts, raw=raw)
        console.notice(f"page: {html}")
    if json:
        console.print_json(counts)
    else:
        from rich.console import Console

        Console().print(*tables(counts), sep="\n")
        if counts["passed_over"] is not None:
            console.print_line(summary(counts["passed_over"]))
        if counts["converted"]:
            formats = (f"{count:,} {name}" for name, count in counts["converted"].items())
            console.print_line(f"converted to PNG: {', '.join(formats)}")
