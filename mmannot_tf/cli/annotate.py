"""`mmannot annotate`."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmannot_tf.cli.arguments import (
    BeamOptionOption,
    BeamRunnerOption,
    BetaOption,
    DecideOption,
    EngineOption,
    FavourOption,
    JsonOption,
    KOption,
    LeastOption,
    MostOption,
    PrecisionOption,
    ThreadsOption,
    ThresholdOption,
    ToleranceOption,
    given_beta,
)
from mmannot_tf.serving.network import TOLERANCE

if TYPE_CHECKING:
    from mmannot_tf.serving.inputs.request import Request

BATCH_SIZE = 16


def annotate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run or an export.")],
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGE]...", help="Photographs and folders of them, here or at an address; TFRecords."
        ),
    ] = None,
    from_list: Annotated[
        str | None,
        typer.Option("--from-list", help="A file of paths or addresses, or a CSV image,tags; - for stdin."),
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", help="i/N: only this share of the photographs, 0/N to N-1/N.")
    ] = None,
    tags: Annotated[str, typer.Option("--tags", help="Comma-separated tags of all images.")] = "",
    tags_file: Annotated[
        Path | None, typer.Option("--tags-file", help="CSV with the columns image,tags (overrides --tags).")
    ] = None,
    tags_from: Annotated[
        Literal["metadata"] | None,
        typer.Option(
            "--tags-from", help="metadata: also each photograph's own keywords (XMP, IPTC, sidecar)."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", help="A .jsonl or .csv file, or an address; an existing file is resumed."),
    ] = None,
    output_format: Annotated[
        str | None,
        typer.Option("--format", help="jsonl, csv, or xmp: keywords in sidecars beside the photographs."),
    ] = None,
    sidecar_name: Annotated[
        Literal["full", "stem"],
        typer.Option(
            "--sidecar-name", help="Name of new sidecars: photo.jpg.xmp (full) or photo.xmp (stem)."
        ),
    ] = "full",
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="An HTML page of the photographs with their labels.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would change in sidecars; write nothing.")
    ] = False,
    undo: Annotated[
        bool,
        typer.Option(
            "--undo", help="Take back out of sidecars the keywords that were written; MODEL is not read."
        ),
    ] = False,
    decide: DecideOption = None,
    threshold: ThresholdOption = None,
    k: KOption = None,
    least: LeastOption = None,
    most: MostOption = None,
    beta: BetaOption = None,
    favour: FavourOption = None,
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
    retry_errors: Annotated[
        bool,
        typer.Option("--retry-errors/--keep-errors", help="Photographs that --out holds with an error."),
    ] = True,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Images per forward pass.")
    ] = BATCH_SIZE,
    threads: ThreadsOption = None,
    beam_runner: BeamRunnerOption = None,
    beam_option: BeamOptionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label photographs, each with as many labels as the model decides."""
    from mmannot_tf.decisions.override import Override
    from mmannot_tf.serving.engines.selection import EngineOptions, check_options, needs_tensorflow
    from mmannot_tf.serving.inputs.metadata_tags import MetadataTags
    from mmannot_tf.serving.inputs.own_tags import OwnTags
    from mmannot_tf.serving.inputs.passed_over import PassedOver
    from mmannot_tf.serving.inputs.tags_file import TagsFile
    from mmannot_tf.serving.model import annotated_by, check_override, open_model
    from mmannot_tf.serving.outputs.end_report import EndReport, report_errors
    from mmannot_tf.serving.outputs.factory import open_output
    from mmannot_tf.serving.outputs.sheet import WithSheet
    from mmannot_tf.serving.outputs.summary import Summary
    from mmannot_tf.serving.outputs.terminal import TerminalOutput
    from mmannot_tf.serving.outputs.wanted_photographs import WantedPhotographs
    from mmannot_tf.workflows.annotating import with_fitted_ways
    from tfrecords_tools.shell.console import notice, print_json, print_line
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow
    from tfrecords_tools.shell.threads import limit_threads

    limit_threads(threads)
    if beam_runner or beam_option:
        from mmannot_tf.beam.arguments import BeamArguments
        from mmannot_tf.beam.command import annotate_on_beam

        arguments = BeamArguments(
            model,
            images or [],
            tags,
            tags_file,
            out,
            output_format,
            Override(decide, threshold, k, least, most, given_beta(beta, favour)),
            EngineOptions(engine, precision, tolerance),
            batch_size,
            refused={
                "--from-list": from_list is not None,
                "--shard": shard is not None,
                "--format xmp": output_format == "xmp",
                "--sheet": sheet is not None,
                "--tags-from": tags_from is not None,
                "--preview": preview,
                "--undo": undo,
                "--sidecar-name": sidecar_name != "full",
                "--keep-errors": not retry_errors,
                "--on-error fail": on_error == "fail",
            },
        )
        summary = annotate_on_beam(arguments, beam_runner, beam_option, as_json=as_json)
        report_errors(summary, 0, on_error, listed=True)
        return
    if undo:
        _undo(images or [], preview=preview)
        return
    options = EngineOptions(engine, precision, tolerance)
    check_options(options)
    override = Override(decide, threshold, k, least, most, given_beta(beta, favour))
    opened, override = with_fitted_ways(open_model(model), override)
    check_override(opened, override)
    terminal, summary = TerminalOutput(None if as_json else print_line), Summary()
    passed_over = PassedOver()
    with contextlib.ExitStack() as stack:
        request = stack.enter_context(_request(images or [], from_list, shard))
        output = (
            open_output(
                out,
                output_format,
                annotated_by(opened, override),
                retry_errors=retry_errors,
                sidecar_name=sidecar_name,
                preview=print_line if preview else None,
            )
            or terminal
        )
        stack.callback(output.close)
        if sheet is not None:
            request.check_files("--sheet")
            output = WithSheet(output, sheet)
            stack.callback(output.close)
        image_tags = (
            stack.enter_context(contextlib.closing(TagsFile(tags_file, default=tags))) if tags_file else tags
        )
        own_tags = OwnTags(image_tags)
        metadata = MetadataTags(own_tags) if tags_from else None
        if needs_tensorflow(opened, engine):
            import_tensorflow()

        from mmannot_tf.serving.annotating.annotator import Annotator

        annotator = Annotator.with_engine(opened, options, override=override, log=notice)
        is_printed = out is None and output_format is None
        advance = stack.enter_context(_progress(request, shown=not is_printed or as_json))
        wanted = WantedPhotographs(
            request.photographs(passed_over), output, own_tags.get, compare_tags=metadata is None
        )
        summary.write_all(
            annotator.annotate_files(wanted, tags=metadata or own_tags, batch_size=batch_size),
            output,
            stop_at_error=on_error == "fail",
            advance=advance,
        )
        whole = not (on_error == "fail" and summary.unreadable)
        tags_report = image_tags.report() if isinstance(image_tags, TagsFile) and whole else None
    report = EndReport(
        str(request),
        summary,
        output,
        wanted,
        passed_over,
        tags_report,
        metadata.report if metadata else None,
    )
    for line in report.lines():
        notice(line)
    earlier = "" if is_printed else f", {output.already_done:,} were annotated already"
    decided = "" if opened.decisions is None else f"; decided by {opened.decisions.names_in_words(override)}"
    notice(f"{summary}{earlier}{decided}{' (a preview: nothing is written)' if preview else ''}")
    if sheet is not None:
        notice(f"written: {sheet}")
    if as_json:
        print_json(
            {
                **({"photographs": terminal.documents} if is_printed else {}),
                **({} if opened.decisions is None else {"decisions": opened.decisions.names(override)}),
                **report.document(),
            }
        )
    report_errors(summary, output.earlier_errors, on_error, listed=not is_printed)


@contextlib.contextmanager
def _request(images: list[str], from_list: str | None, shard: str | None) -> "Iterator[Request]":
    """Yields what the arguments name."""
    from mmannot_tf.serving.inputs.photograph_list import PhotographList
    from mmannot_tf.serving.inputs.request import Request
    from mmannot_tf.serving.inputs.shard import Shard
    from tfrecords_tools.shell.addresses import file_system, is_address
    from tfrecords_tools.shell.errors import UserError

    if not images and from_list is None:
        raise UserError("annotate needs photographs. Received: none. Name files or folders, or --from-list.")
    for image in filter(is_address, images):
        file_system(image)  # before anything is loaded or written
    share = None if shard is None else Shard.parse(shard)
    with contextlib.ExitStack() as stack:
        listed = stack.enter_context(contextlib.closing(PhotographList(from_list))) if from_list else None
        yield Request(images, listed, share)


def _undo(images: list[str], *, preview: bool) -> None:
    """Takes keywords back out of the sidecars of photographs."""
    from mmannot_tf.serving.inputs.photographs import photographs
    from mmannot_tf.serving.outputs.undo import undo
    from tfrecords_tools.shell.addresses import is_address
    from tfrecords_tools.shell.console import notice, print_line
    from tfrecords_tools.shell.errors import UserError

    elsewhere = next(filter(is_address, images), None)
    if elsewhere is not None or not images:
        raise UserError(f"--undo needs photographs of this machine. Received: {elsewhere or 'none'}.")
    undone = undo(photographs([*map(Path, images)]), preview=preview, log=print_line)
    notice(f"{undone}{' (a preview: nothing is written)' if preview else ''}")
    for error in undone.errors:
        notice(f"error: {error}")
    if undone.errors:
        raise UserError(f"every sidecar must be readable. Received: {len(undone.errors):,} with an error.")


@contextlib.contextmanager
def _progress(request: "Request", *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Yields a function that reports progress; silent while annotations are printed to the terminal."""
    from tfrecords_tools.shell.progress import progress_bars

    if not shown:
        yield lambda count: None
        return
    with progress_bars() as display:
        bar = display.add_task("annotating", total=request.count())
        yield lambda count: display.advance(bar, count)
