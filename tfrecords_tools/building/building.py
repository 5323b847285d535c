"""Builds a source's records: staged aside, marked complete last, then renamed into place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfrecords_tools.building.build_tally import Census, new_census
from tfrecords_tools.building.checking import Report
from tfrecords_tools.building.runner import Runner
from tfrecords_tools.building.source import Source
from tfrecords_tools.building.writer_lock import only_writer
from tfrecords_tools.reading.example import content_digest
from tfrecords_tools.reading.records import MARKER, VERSION, VOCABULARY, Records, open_records, seal
from tfrecords_tools.reading.vocabulary import write_vocabulary
from tfrecords_tools.shell import files
from tfrecords_tools.shell.console import notice, progress
from tfrecords_tools.shell.errors import UserError


def build_records(
    source: Source,
    *,
    out: Path,
    overwrite: bool = False,
    workers: int | None = None,
    runner: Runner | None = None,
) -> Records:
    """Builds OUT/<source>/<config>/<version>/ unless the same settings have built it already.

    Args:
        source: what is built.
        out: the folder above.
        overwrite: replace what is there.
        workers: other processes that read the images; None: what suits their number.
        runner: of Apache Beam, as the engine instead of this process.

    Raises:
        UserError: the annotation files have errors that the source's rules do not repair; other settings
            built that folder and `overwrite` is off; another process is writing there; a split would be
            empty; too many images are unreadable.
    """
    _sound(source)
    final = Path(out) / source.name / source.config / VERSION
    with only_writer(final):
        if final.exists() and not overwrite:
            return _already_built(final, source)
        census = new_census(source, workers=workers)
        with files.aside(final) as staging:
            shards = _write(source, census=census, data_dir=staging.parent / "building", runner=runner)
            write_vocabulary(shards / VOCABULARY, census.tags)
            marker = _marker(source, census, files_of(shards))
            files.write_json(shards / MARKER, {**marker, "seal": seal(marker)})
            shards.rename(staging)
        return open_records(final)


def prospect(report: Report, *, out: Path, overwrite: bool = False) -> str:
    """What `build_records` would do after such a check, in a line.

    Raises:
        UserError: other settings built the folder.
    """
    source = report.source
    if source.findings and not source.rules.repair_labels:
        return f"would stop: {len(source.findings)} label errors"
    final = Path(out) / source.name / source.config / VERSION
    if final.exists() and not overwrite:
        return f"already built: {_already_built(final, source).path}"
    bad, most = len(report.refused), source.rules.bad_share
    if bad > most * source.candidates:
        return f"would stop: {bad:,} of {source.candidates:,} images cannot be used, a share of {most:g} may"
    empty = [name for name, counts in report.splits.items() if not counts.kept]
    if empty:
        return f"would stop: no image for {', '.join(empty)}"
    kept = ", ".join(f"{counts.kept:,} {name}" for name, counts in report.splits.items())
    return f"would {'replace' if final.exists() else 'build'} {final}: {kept} images"


def _sound(source: Source) -> None:
    if source.findings and not source.rules.repair_labels:
        raise UserError(
            f"annotation files must be free of errors. Received: {source.findings[0]}"
            f"{f' and {len(source.findings) - 1} more' if len(source.findings) > 1 else ''}. "
            "Mend the file, or pass --repair-labels."
        )


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in `folder` but the completion marker, by name."""
    return {
        path.relative_to(folder).as_posix(): files.sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    }


def _already_built(final: Path, source: Source) -> Records:
    if not (final / MARKER).is_file():
        raise UserError(
            f"folder must be free or hold records. Received: {final}. Move it, or pass --overwrite."
        )
    records = open_records(final)
    asked = {**source.settings}
    differences = [
        f"{key} {records.settings.get(key)!r} there, {asked.get(key)!r} asked"
        for key in sorted({*asked, *records.settings})
        if records.settings.get(key) != asked.get(key)
    ]
    if differences:
        raise UserError(
            f"folder must be free or built with the same settings. Received: {final}, where "
            f"{'; '.join(differences)}. Choose another --out, or pass --overwrite."
        )
    notice(f"already built: {final}")
    return records


def _write(source: Source, *, census: Census, data_dir: Path, runner: Runner | None) -> Path:
    if runner:
        from tfrecords_tools.building.beam import write_on_beam

        return write_on_beam(source, census=census, runner=runner, data_dir=data_dir)
    from tfrecords_tools.building.writing import write_shards

    with progress("images") as display:

        def records(split: str) -> Iterator[tuple[str, dict[str, Any]]]:
            candidates = source.splits[split]
            task = display.add_task(f"{source.name} {split}", total=candidates.candidates)
            for example, image in census.kept(split, candidates.examples(), lambda: display.advance(task)):
                yield example.id, example.record(image)
            census.not_empty(split)

        return write_shards(source, records=records, data_dir=data_dir)


def _marker(source: Source, census: Census, hashes: dict[str, str]) -> dict[str, Any]:
    return {
        "source": source.name,
        "version": VERSION,
        "settings": dict(source.settings),
        "labels": list(source.labels),
        "splits": {split: census.images[split] for split in source.splits},
        "candidates": {name: split.candidates for name, split in source.splits.items()},
        "unlabelled": {split: census.unlabelled[split] for split in source.splits},
        "untagged": {split: census.untagged[split] for split in source.splits},
        "unreadable": census.unreadable,
        "repaired": [str(finding) for finding in source.findings],
        "repeated": {photo: list(ids) for photo, ids in source.repeated.items()},
        "published": [asdict(counts) for counts in source.published],
        "groups": source.has_groups,
        "files": hashes,
        "digest": content_digest(source.labels, census.fingerprints),
    }
