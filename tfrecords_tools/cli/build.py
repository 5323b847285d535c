"""`mmannot-records build SOURCE`."""

from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.building.building import build_records, dry_run_summary
from tfrecords_tools.building.checking import check
from tfrecords_tools.cli.check import CountUnlisted, Workers, leakage_advice, lines, refusal
from tfrecords_tools.cli.sources import SourceType
from tfrecords_tools.reading.marker import Marker
from tfrecords_tools.reading.passed_over import summary
from tfrecords_tools.reading.published import published_counts
from tfrecords_tools.reading.records import MARKER, Records
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.console import notice, print_line
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.files import read_json
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

SHOWN = 10
"""Unreadable files listed on the terminal; records.json lists all."""


def build(
    source_type: SourceType,
    settings: object,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder to build in: OUT/<source>/<config>/<version>/.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing records.")] = False,
    workers: Workers = None,
    beam_runner: Annotated[
        str | None, typer.Option(help="Build on Apache Beam: DirectRunner, FlinkRunner, DataflowRunner, …")
    ] = None,
    beam_option: Annotated[
        list[str] | None, typer.Option(help="An option of Beam, such as --direct_num_workers=2; repeatable.")
    ] = None,
    unlisted: CountUnlisted = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be built; write no records.")
    ] = False,
) -> None:
    """Builds the records of one source and prints what was built and what was dropped."""
    source = source_type.load(settings)
    if dry_run:
        report = check(source, workers=workers, count_unlisted=unlisted)
        for line in [*lines(report), dry_run_summary(report, out=out, overwrite=overwrite)]:
            print_line(line)
        return
    runner = BeamRunner(beam_runner, tuple(beam_option or ())) if beam_runner else None
    import_tensorflow()
    for note in source.notes:
        notice(f"note: {note}")
    records = build_records(
        source, out=out, overwrite=overwrite, workers=workers, runner=runner, count_unlisted=unlisted
    )
    _report(records)


def _report(records: Records) -> None:
    marker: Marker = read_json(records.path / MARKER, "records' metadata")
    print_line(
        f"{records.path}: {counted(len(records.labels), 'label')}, {counted(len(records.vocabulary), 'tag')}"
    )
    for split, images in records.splits.items():
        print_line(
            f"  {split}: {counted(images, 'image')} of {marker['candidates'][split]:,} "
            f"({marker['unlabelled'][split]:,} without label, {marker['untagged'][split]:,} without tag)"
        )
    for row in published_counts(records.published, records.splits):
        print_line(f"  {row['split']}: {row['ours']:,} ours, {row['published']:,} in {row['where']}")
    for repaired in marker["repaired"][:SHOWN]:
        notice(f"repaired: {repaired}")
    for bad in marker["unreadable"][:SHOWN]:
        notice(f"unreadable: {refusal(bad)}")
    if len(marker["unreadable"]) > SHOWN:
        notice(f"… {len(marker['unreadable'])} unreadable in all: see {records.path / MARKER}")
    leaks = marker.get("leakage", [])
    for leak in leaks[:SHOWN]:
        notice(
            f"leakage: {', '.join(f'{name} ({split})' for split, names in leak.items() for name in names)}"
        )
    if leaks:
        notice(leakage_advice(len(leaks)))
    if "passed_over" in marker:
        print_line(summary(marker["passed_over"]))
