"""`mmannot-records check SOURCE`, and what `build --dry-run` prints."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from tfrecords_tools.building.checking import Loss, Report
from tfrecords_tools.building.checking import check as check_files
from tfrecords_tools.cli.sources import Kind
from tfrecords_tools.shell.console import FAILED, print_json

SHOWN = 10
"""Entries of each list shown on the terminal; `--json` prints all."""

FLAGS: dict[Loss, str] = {
    Loss.MISSING: "--bad-share tolerates them",
    Loss.UNREADABLE: "--bad-share tolerates them",
    Loss.PLACEHOLDER: "--placeholder-copies 0 keeps them",
    Loss.UNLABELLED: "--keep-unlabelled keeps them",
    Loss.UNTAGGED: "--keep-untagged keeps them",
    Loss.LABEL_ERRORS: "--repair-labels repairs them",
}

Workers = Annotated[
    int | None,
    typer.Option(
        min=0, help="Processes that read images; 0: this one. What suits their number.", show_default=False
    ),
]


def check(
    kind: Kind,
    settings: Any,
    *,
    accept: Annotated[
        list[Loss] | None, typer.Option("--accept", help="A loss that is no failure; repeatable.")
    ] = None,
    workers: Workers = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Reads the raw files, says what was found, and fails where something would be lost."""
    report = check_files(kind.source(settings), workers=workers)
    if json:
        print_json(report.as_json())
    else:
        typer.echo("\n".join(lines(report)))
    if set(report.lost) - set(accept or ()):
        raise typer.Exit(FAILED)


def lines(report: Report) -> Iterator[str]:
    """What a check found, for people."""
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
    yield from _some("label error", [str(finding) for finding in report.source.findings])
    yield from _some("not used", [f"{one['file']}: {one['reason']}" for one in report.refused])
    yield from _some("one photograph", [", ".join(ids) for ids in report.source.repeated.values()])
    yield from _some("same content", [", ".join(ids) for ids in report.same_content])
    for loss in Loss:
        if report.lost[loss]:
            yield f"lost: {report.lost[loss]:,} {loss} ({FLAGS[loss]})"
    if not report.lost:
        yield "nothing would be lost"


def _some(what: str, entries: list[str]) -> Iterator[str]:
    yield from (f"{what}: {entry}" for entry in entries[:SHOWN])
    if len(entries) > SHOWN:
        yield f"{what}: … {len(entries):,} in all: --json lists them"
