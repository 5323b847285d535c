"""`mmannot-records check SOURCE`, and what `build --dry-run` prints."""

from collections.abc import Iterator
from typing import Annotated

import typer

from tfrecords_tools.building.checking import CheckReport
from tfrecords_tools.building.checking import check as check_files
from tfrecords_tools.building.drop_reasons import DropReason
from tfrecords_tools.cli.sources import SourceType
from tfrecords_tools.reading.marker import UnusableImage
from tfrecords_tools.reading.passed_over import summary
from tfrecords_tools.shell.console import FAILED, print_json, print_line
from tfrecords_tools.shell.counted import counted

SHOWN = 10
"""Entries of each list shown on the terminal; `--json` prints all."""

FLAGS: dict[DropReason, str] = {
    DropReason.MISSING: "--bad-share tolerates them",
    DropReason.UNREADABLE: "--bad-share tolerates them",
    DropReason.PLACEHOLDER: "--placeholder-copies 0 keeps them",
    DropReason.LEAKAGE: "--leakage keep-all keeps them",
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

CountUnlisted = Annotated[
    bool,
    typer.Option(
        "--unlisted/--no-unlisted", help="Count the files below --raw that no row of a manifest names."
    ),
]


def check(
    source_type: SourceType,
    settings: object,
    *,
    accept: Annotated[
        list[DropReason] | None, typer.Option("--accept", help="A loss that is no failure; repeatable.")
    ] = None,
    near_duplicates: Annotated[
        bool,
        typer.Option("--near-duplicates", help="Name photographs of different splits that look alike."),
    ] = False,
    unlisted: CountUnlisted = True,
    workers: Workers = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Reads the raw files, prints a report, and fails if a build would stop, drop or leak something."""
    report = check_files(
        source_type.load(settings),
        workers=workers,
        near_duplicates=near_duplicates,
        count_unlisted=unlisted,
    )
    if json:
        print_json(report.as_json())
    else:
        for line in [*lines(report), *(f"would stop: {stop}" for stop in report.obstacles)]:
            print_line(line)
    lost = {*report.dropped, *([DropReason.LEAKAGE] if report.leaks else [])}
    if report.obstacles or lost - {*(accept or ())}:
        raise typer.Exit(FAILED)


def lines(report: CheckReport) -> Iterator[str]:
    """The report as lines of text."""
    facts = report.as_json()
    sizes = f"{counted(len(facts['labels']), 'label')}, {counted(facts['vocabulary'], 'tag')}"
    yield f"{facts['source']} ({facts['config']}): {sizes}"
    for name, counts in report.splits.items():
        yield (
            f"  {name}: {counted(counts.candidates, 'image')}: {counts.found:,} found, "
            f"{counts.missing:,} missing, {counts.unreadable:,} unreadable, "
            f"{counted(counts.placeholder, 'placeholder')}; "
            f"{counts.unlabelled:,} without label, {counts.untagged:,} without tag; {counts.kept:,} to keep"
        )
    for row in facts["published"]:
        yield f"  {row['split']}: {row['ours']:,} ours, {row['published']:,} in {row['where']}"
    yield from (f"note: {note}" for note in report.source.notes)
    yield from _some("label error", [str(defect) for defect in report.source.defects])
    yield from _some("not used", [refusal(image) for image in report.refused])
    yield from _some("one photograph", [", ".join(ids) for ids in report.source.repeated.values()])
    yield from _some("same content", [", ".join(ids) for ids in report.same_content])
    yield from _some("leakage", [str(leak) for leak in report.leaks])
    yield from _some("look alike", [" and ".join(pair) for pair in report.near_duplicates or ()])
    if report.leaks:
        yield leakage_advice(len(report.leaks))
    for reason in DropReason:
        if report.dropped[reason]:
            yield f"lost: {report.dropped[reason]:,} {reason} ({FLAGS[reason]})"
    if not report.dropped:
        yield "nothing would be lost"
    yield summary(facts["passed_over"])


def refusal(image: UnusableImage) -> str:
    """An image that cannot be used, with its row in the annotations if known, and the reason."""
    row = f" ({image['row']})" if "row" in image else ""
    return f"{image['file']}{row}: {image['reason']}"


def leakage_advice(count: int) -> str:
    """What can be done about photographs in several splits."""
    photographs = counted(count, "photograph is", "photographs are")
    return (
        f"leakage: {photographs} in several splits, so test scores are too good; "
        "--leakage keep-train or keep-test keeps one side"
    )


def _some(what: str, entries: list[str]) -> Iterator[str]:
    yield from (f"{what}: {entry}" for entry in entries[:SHOWN])
    if len(entries) > SHOWN:
        yield f"{what}: … {len(entries):,} in all: --json lists them"
