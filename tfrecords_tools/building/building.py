"""Builds records in a staging folder, writes their marker last, then renames the folder into place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tfrecords_tools.building.build_tally import BuildTally, new_tally
from tfrecords_tools.building.checking import CheckReport, passed_over
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.building.unlisted import find_unlisted
from tfrecords_tools.reading.example import Record, content_digest
from tfrecords_tools.reading.marker import Marker, seal
from tfrecords_tools.reading.passed_over import UnlistedFiles
from tfrecords_tools.reading.records import MARKER, VERSION, VOCABULARY, Records, open_records
from tfrecords_tools.reading.vocabulary import write_vocabulary
from tfrecords_tools.shell import files
from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.lock import writer_lock
from tfrecords_tools.shell.progress import progress_bars
from tfrecords_tools.tag_rule.version import TAG_RULE


def build_records(
    source: RecordSource,
    *,
    out: Path,
    overwrite: bool = False,
    workers: int | None = None,
    runner: BeamRunner | None = None,
    count_unlisted: bool = True,
) -> Records:
    """Builds OUT/<source>/<config>/<version>/ unless a build with the same settings exists.

    Args:
        source: the raw data set.
        out: the folder OUT.
        overwrite: whether to replace an existing folder.
        workers: processes that read the images; None starts one per core if reading takes long.
        runner: builds on Apache Beam instead of in this process.
        count_unlisted: whether to count the files that no row of a manifest names.

    Raises:
        UserError: the annotation files have defects that the rules do not repair; the folder was built with
            other settings and `overwrite` is off; another process is writing there; a split would be empty;
            too many images are unreadable.
    """
    _check_annotations(source)
    final = Path(out) / source.name / source.config / VERSION
    with writer_lock(final):
        if final.exists() and not overwrite:
            return _already_built(final, source)
        tally = new_tally(source, workers=workers)
        with atomic_folder(final) as staging:
            shards = _write(source, tally=tally, data_dir=staging.parent / "building", runner=runner)
            write_vocabulary(shards / VOCABULARY, tally.tags)
            unlisted = find_unlisted(source) if count_unlisted else None
            files.write_json(shards / MARKER, _marker(source, tally, unlisted, file_digests(shards)))
            shards.rename(staging)
        return open_records(final)


def dry_run_summary(report: CheckReport, *, out: Path, overwrite: bool = False) -> str:
    """What `build_records` would do after this check, in one line.

    Raises:
        UserError: the folder was built with other settings.
    """
    source = report.source
    if stop := report.annotation_obstacle:
        return f"would stop: {stop}"
    final = Path(out) / source.name / source.config / VERSION
    if final.exists() and not overwrite:
        return f"already built: {_already_built(final, source).path}"
    if report.obstacles:
        return f"would stop: {report.obstacles[0]}"
    kept = ", ".join(f"{counts.kept:,} {name}" for name, counts in report.splits.items())
    return f"would {'replace' if final.exists() else 'build'} {final}: {kept} images"


def _check_annotations(source: RecordSource) -> None:
    if source.defects and not source.rules.repair_labels:
        raise UserError(
            f"annotation files must be free of errors. Received: {source.defects[0]}"
            f"{f' and {len(source.defects) - 1} more' if len(source.defects) > 1 else ''}. "
            "Repair the file, or pass --repair-labels."
        )


def file_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in `folder` except the completion marker, by name."""
    return {
        path.relative_to(folder).as_posix(): files.sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    }


def _already_built(final: Path, source: RecordSource) -> Records:
    if not (final / MARKER).is_file():
        raise UserError(
            f"folder must be free or hold records. Received: {final}. Move it, or pass --overwrite."
        )
    records = open_records(final)
    differences = [
        f"{key} {records.settings.get(key)!r} there, {source.settings.get(key)!r} asked"
        for key in sorted({*source.settings, *records.settings})
        if records.settings.get(key) != source.settings.get(key)
    ]
    if differences:
        raise UserError(
            f"folder must be free or built with the same settings. Received: {final}, where "
            f"{'; '.join(differences)}. Choose another --out, or pass --overwrite."
        )
    notice(f"already built: {final}")
    if records.tag_rule != TAG_RULE:
        notice(
            f"note: {final} spells tags by version {records.tag_rule} of the tag rule, not {TAG_RULE}. "
            "Pass --overwrite to build anew."
        )
    return records


def _write(source: RecordSource, *, tally: BuildTally, data_dir: Path, runner: BeamRunner | None) -> Path:
    if runner:
        from tfrecords_tools.building.beam import write_on_beam

        return write_on_beam(source, tally=tally, runner=runner, data_dir=data_dir)
    from tfrecords_tools.building.writing import write_shards

    with progress_bars("images") as display:

        def records(split: str) -> Iterator[tuple[str, Record]]:
            candidates = source.splits[split]
            task = display.add_task(f"{source.name} {split}", total=candidates.candidates)
            for example, image in tally.kept(split, candidates.examples(), partial(display.advance, task)):
                yield example.id, example.record(image)
            tally.check_split(split)

        return write_shards(source, records=records, data_dir=data_dir)


def _marker(
    source: RecordSource, tally: BuildTally, unlisted: UnlistedFiles | None, hashes: dict[str, str]
) -> Marker:
    marker: Marker = {
        "source": source.name,
        "version": VERSION,
        "settings": dict(source.settings),
        "labels": list(source.labels),
        "splits": {split: tally.images[split] for split in source.splits},
        "candidates": {name: split.candidates for name, split in source.splits.items()},
        "unlabelled": {split: tally.unlabelled[split] for split in source.splits},
        "untagged": {split: tally.untagged[split] for split in source.splits},
        "unreadable": tally.unreadable,
        "left_out": tally.left_out,
        "converted": tally.converted,
        "repaired": [str(defect) for defect in source.defects],
        "repeated": {photo: list(ids) for photo, ids in source.repeated.items()},
        "published": [counts.as_json() for counts in source.published],
        "leakage": [leak.as_json() for leak in tally.leaks],
        "passed_over": passed_over(source, tally.dropped, unlisted),
        "groups": source.has_groups,
        "tag_rule": TAG_RULE,
        "files": hashes,
        "digest": content_digest(source.labels, tally.fingerprints),
    }
    if source.has_unknown:
        marker["unknown"] = True
    if source.vectors:
        marker["vectors"] = asdict(source.vectors)
    return {**marker, "seal": seal(marker)}
