"""`mmannot-records`: builds, inspects and verifies records."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tfrecords_tools import console
from tfrecords_tools.files import read_json
from tfrecords_tools.mscoco.captions import StopWords, Tokens
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.published import beside_paper
from tfrecords_tools.quiet import import_tensorflow
from tfrecords_tools.records import MARKER, Records, open_records
from tfrecords_tools.synthetic.settings import SyntheticSettings

SHOWN = 10
"""Unreadable files named on the terminal; records.json lists all."""

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Raw image data sets to TFRecords, and back."
)
build = typer.Typer(no_args_is_help=True, help="Build records from a source.")
app.add_typer(build, name="build")

Out = Annotated[Path, typer.Option("--out", help="Folder to build in: OUT/<source>/<config>/<version>/.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Folder = Annotated[Path, typer.Argument(help="Folder of records, or one above it.")]
Held = Annotated[float, typer.Option(help="Share of the training images held out for validation.")]


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    return console.run(app, argv)


@app.callback()
def options(version: console.version_option("mmannot-records") = False) -> None:
    """Options of the program itself."""


@build.command()
def synthetic(
    out: Out,
    images: Annotated[int, typer.Option(help="Training and validation images.")] = SyntheticSettings.images,
    test_images: Annotated[int, typer.Option(help="Test images.")] = SyntheticSettings.test_images,
    validation_share: Held = SyntheticSettings.validation_share,
    size: Annotated[int, typer.Option(help="Side of the images, pixels.")] = SyntheticSettings.size,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = SyntheticSettings.seed,
    overwrite: Overwrite = False,
) -> None:
    """Made-up scenes with noisy tags: no download."""
    settings = SyntheticSettings(images, test_images, validation_share, size, seed)
    import_tensorflow()
    from tfrecords_tools.synthetic.builder import build as build_synthetic

    _report(build_synthetic(out, settings, overwrite=overwrite))


@build.command()
def mscoco(
    out: Out,
    raw: Annotated[Path, typer.Option(help="Official layout: annotations/, train<year>/, val<year>/.")],
    year: Annotated[int | None, typer.Option(help="2014 or 2017; the one that is there.")] = None,
    validation_share: Held = MscocoSettings.validation_share,
    tokens: Annotated[Tokens, typer.Option(help="How captions part into words.")] = MscocoSettings.tokens,
    stop_words: Annotated[StopWords, typer.Option(help="English stop words.")] = MscocoSettings.stop_words,
    keep_unlabelled: Annotated[
        bool, typer.Option("--keep-unlabelled", help="Images without a label.")
    ] = False,
    keep_untagged: Annotated[bool, typer.Option("--keep-untagged", help="Images without a tag.")] = False,
    bad_share: Annotated[
        float, typer.Option(help="Largest share of unreadable images tolerated.")
    ] = MscocoSettings.bad_share,
    overwrite: Overwrite = False,
) -> None:
    """MS-COCO 2014 or 2017, the words of the captions as tags."""
    settings = MscocoSettings(
        raw, year, validation_share, tokens, stop_words, keep_unlabelled, keep_untagged, bad_share
    )
    import_tensorflow()
    from tfrecords_tools.mscoco.builder import build as build_mscoco

    _report(build_mscoco(out, settings, overwrite=overwrite))


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


def _report(records: Records) -> None:
    """Says what was built and what was left out."""
    marker: dict[str, Any] = read_json(records.path / MARKER, "records' metadata")
    typer.echo(f"{records.path}: {len(records.labels)} labels, {len(records.vocabulary):,} tags")
    for split, images in records.splits.items():
        typer.echo(
            f"  {split}: {images:,} images of {marker['candidates'][split]:,} "
            f"({marker['unlabelled'][split]:,} without label, {marker['untagged'][split]:,} without tag)"
        )
    for split, row in beside_paper(records.source, records.splits).items():
        typer.echo(f"  {split}: {row['ours']:,} ours, {row['paper']:,} in the paper")
    for bad in marker["unreadable"][:SHOWN]:
        console.notice(f"unreadable: {bad['file']}: {bad['reason']}")
    if len(marker["unreadable"]) > SHOWN:
        console.notice(f"… {len(marker['unreadable'])} unreadable in all: see {records.path / MARKER}")
