"""`mmannot-records check SOURCE`, and what `build --dry-run` prints."""

from collections.abc import Iterator
from typing import Annotated

import typer

from tfrecords_tools.building.checking import CheckReport, DropReason
from tfrecords_tools.building.checking import check as check_files
from tfrecords_tools.cli.sources import SourceType
from tfrecords_tools.shell.console import FAILED, print_json

SHOWN = 10
"""Entries of each list shown on the terminal; `--json` prints all."""

FLAGS: dict[DropReason, str] = {
    DropReason.MISSING: "--bad-share tolerates them",
    DropReason.UNREADABLE: "--bad-share tolerates them",
    DropReason.PLACEHOLDER: "--placeholder-copies 0 keeps them",
    DropReason.UNLABELLED: "--keep-unlabelled keeps them",
    DropReason.UNTAGGED: "--keep-untagged keeps them",
    DropReason.LABEL_ERRORS: "--repair-labels repairs them",
}

Workers = Annotated[
    int | None,
    typer.Option(
        min=0, help="Processes that read images; 0: this one. Chosen by their number.", show_default=False
    ),
]


def check(
    source_type: SourceType,
    settings: object,
    *,
    accept: Annotated[
        list[DropReason] | None, typer.Option("--accept", help="A loss that is no failure; repeatable.")
    ] = None,
    workers: Workers = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Reads the raw files, prints a report, and fails if a build would drop something."""
    report = check_files(source_type.load(settings), workers=workers)
    if json:
        print_json(report.as_json())
    else:
        typer.echo("\n".join(lines(report)))
    if set(report.dropped) - set(accept or ()):
        raise typer.Exit(FAILED)


def lines(report: CheckReport) -> Iterator[str]:
    """The report as lines of text."""
    facts = report.as_json()
    sizes = f"{len(facts['labels']):,} labels, {facts['vocabulary']:,} tags"
    yield f"{facts['source']} ({facts['config']}): {sizes}"
    for name, counts in report.splits.items():
        yield (
            f"  {name}: {counts.candidates:,} images: {counts.found:,} found, {counts.missing:,} missing, "
            f"{counts.unreadable:,} unreadable, {counts.placeholder:,} placeholders; "
            f"{counts.unlabelled:,} without label, {counts.untagged:,} without tag; {counts.kept:,} to keep"
        )
    for row in facts["published"]:
        yield f"  {row['split']}: {row['ours']:,} ours, {row['published']:,} in {row['where']}"
    yield from (f"note: {note}" for note in report.source.notes)
    yield from _some("label error", [str(defect) for defect in report.source.defects])
    yield from _some("not used", [f"{image['file']}: {image['reason']}" for image in report.refused])
    yield from _some("one photograph", [", ".join(ids) for ids in report.source.repeated.values()])
    yield from _some("same content", [", ".join(ids) for ids in report.same_content])
    for reason in DropReason:
        if report.dropped[reason]:
            yield f"lost: {report.dropped[reason]:,} {reason} ({FLAGS[reason]})"
    if not report.dropped:
        yield "nothing would be lost"


def _some(what: str, entries: list[str]) -> Iterator[str]:
    yield from (f"{what}: {entry}" for entry in entries[:SHOWN])
    if len(entries) > SHOWN:
        yield f"{what}: … {len(entries):,} in all: --json lists them"
