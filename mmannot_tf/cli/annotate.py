"""`mmannot annotate`."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmannot_tf.cli.arguments import TOLERANCE, EngineOption, JsonOption, PrecisionOption, ToleranceOption

if TYPE_CHECKING:
    from mmannot_tf.serving.tally import Tally

BATCH_SIZE = 16


def annotate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run or an export.")],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="JPEG or PNG files, and folders of them.")
    ],
    tags: Annotated[str, typer.Option("--tags", help="Comma-separated tags of the images.")] = "",
    tags_file: Annotated[
        Path | None, typer.Option("--tags-file", help="CSV: image,tags (overrides --tags).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A .jsonl or .csv file; one that is there is gone on with.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, or xmp: keywords in IMAGE.jpg.xmp beside it.")
    ] = None,
    engine: EngineOption = "tensorflow",
    precision: PrecisionOption = "float32",
    tolerance: ToleranceOption = TOLERANCE,
    on_error: Annotated[
        Literal["report", "skip", "fail"],
        typer.Option(
            "--on-error",
            help="Unreadable files: annotate the rest, exit 1 (report) or 0 (skip), or stop at once (fail).",
        ),
    ] = "report",
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Images a forward pass.")
    ] = BATCH_SIZE,
    as_json: JsonOption = False,
) -> None:
    """Label photographs, each with as many labels as the model decides."""
    from mmannot_tf.serving.engines.choosing import Choice, check, choose
    from mmannot_tf.serving.model import open_model
    from mmannot_tf.serving.outputs.opening import open_output
    from mmannot_tf.serving.outputs.printed import Printed
    from mmannot_tf.serving.photographs import photographs
    from mmannot_tf.serving.tags_file import TagsFile
    from mmannot_tf.serving.tally import Tally
    from tfrecords_tools.shell.console import notice, print_json
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    choice = Choice(engine, precision, tolerance)
    check(choice)
    opened = open_model(model)
    printed, tally = Printed(None if as_json else typer.echo), Tally()
    with contextlib.ExitStack() as stack:
        output = open_output(out, form, opened.digest[:12]) or printed
        stack.callback(output.close)
        tag_lists = (
            stack.enter_context(contextlib.closing(TagsFile(tags_file, otherwise=tags)))
            if tags_file
            else tags
        )
        import_tensorflow()

        from mmannot_tf.serving.annotate import Annotator

        annotator = Annotator(opened, lambda probe: choose(opened, choice, probe, tell=notice))
        advance = stack.enter_context(_progress(images, shown=output is not printed or as_json))
        wanted = (photograph for photograph in photographs(images) if output.wants(photograph))
        tally.gather(
            annotator.annotate_files(wanted, tags=tag_lists, batch_size=batch_size),
            output,
            stop_at_error=on_error == "fail",
            advance=advance,
        )
    if output is not printed:
        notice(f"{tally}, {output.earlier:,} were annotated already")
    if as_json:
        print_json(
            printed.documents if output is printed else {**tally.document(), "earlier": output.earlier}
        )
    _tell_unreadable(tally, on_error, listed=output is not printed)


@contextlib.contextmanager
def _progress(images: list[Path], *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Yields what is called with the number of photographs done; the bar would take lines from stdout."""
    from mmannot_tf.serving.photographs import photographs
    from tfrecords_tools.shell.console import progress

    if not shown:
        yield lambda count: None
        return
    with progress() as display:
        total = None if display.disable else sum(1 for _ in photographs(images))
        bar = display.add_task("annotating", total=total)
        yield lambda count: display.advance(bar, count)


def _tell_unreadable(tally: "Tally", on_error: str, *, listed: bool) -> None:
    """Names what could not be read; ends the command with status 1 unless it was to be skipped."""
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.errors import UserError

    for one in tally.named:
        notice(f"error: {one.image}: {one.error}")
    if not tally.unread:
        return
    more = tally.unread - len(tally.named)
    where = "named above" + (f" or, {more:,} more, in the output" if more and listed else "")
    text = f"every image must be a readable JPEG or PNG. Received: {tally.unread:,} that are not, {where}."
    if on_error == "skip":
        notice(f"skipped: {text}")
        return
    raise UserError(text)
