"""Builds records on Apache Beam, for data sets too large for one machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow_datasets as tfds

from tfrecords_tools.building.build_tally import BuildTally
from tfrecords_tools.building.examining import examine_one
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.building.writing import write_shards
from tfrecords_tools.photographs.encoded import original_of
from tfrecords_tools.reading.example import Example, Record, decoded_record, fingerprint, undecoded
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError

if TYPE_CHECKING:
    from apache_beam import PTransform


def write_on_beam(source: RecordSource, *, tally: BuildTally, runner: BeamRunner, data_dir: Path) -> Path:
    """Writes all splits of `source` in a Beam pipeline and counts them in `tally`.

    This process selects the examples by their annotations. Beam's workers read the images; they must see the
    raw folder and `data_dir` under the same paths. At the end this process reads the records once to count
    them.

    Args:
        source: the raw data set.
        tally: an empty tally.
        runner: the runner of the pipeline.
        data_dir: the parent of the records' folder.

    Returns:
        The records' folder.

    Raises:
        UserError: Apache Beam is not installed, or has no such runner; the pipeline failed; a split would be
            empty; too many images are unreadable.
    """
    beam_runner, beam_options = runner.open()
    wanted = {
        name: {example.id: example for example in tally.wanted(name, split.examples(), lambda: None)}
        for name, split in source.splits.items()
    }
    for split, examples in wanted.items():
        if not examples:
            tally.check_split(split)
    pipeline = {"beam_runner": beam_runner, "beam_options": beam_options}
    try:
        shards = write_shards(
            source,
            records=lambda split: _keyed_records([*wanted[split].values()], quick=source.rules.quick_check),
            data_dir=data_dir,
            beam=pipeline,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(f"Beam pipeline must finish. Received: {type(error).__name__}: {error}") from error
    for split, examples in wanted.items():
        _count(shards, split, examples, source=source, tally=tally)
    return shards


def _keyed_records(examples: list[Example], *, quick: bool) -> PTransform[Any, Any]:
    """A transform that yields `(id, record)` for every example whose image is readable."""
    import apache_beam

    return (
        apache_beam.Create(examples)
        | apache_beam.Reshuffle()
        | apache_beam.FlatMap(_keyed_record, quick=quick)
    )


def _keyed_record(example: Example, *, quick: bool) -> Iterator[tuple[str, Record]]:
    image = examine_one(example, quick=quick).image
    if image is not None:
        yield example.id, example.record(image)


def _count(
    shards: Path, split: str, wanted: dict[str, Example], *, source: RecordSource, tally: BuildTally
) -> None:
    """Counts the records that were written, and adds the missing ones as unreadable."""
    missing = dict(wanted)
    builder = tfds.builder_from_directory(shards)
    skip = undecoded(builder.info.features)
    for entry in tfds.as_numpy(builder.as_dataset(split=split, decoders=skip)):
        record = decoded_record(entry, source.labels)
        example = missing.pop(record["id"])
        tally.add_record(split, example, fingerprint(record))
        if example.vector is None:
            tally.add_original(example, original_of(example.image))
    for example in missing.values():
        tally.add_unreadable(
            example, examine_one(example, images=False, quick=source.rules.quick_check).reason
        )
    tally.check_split(split)
