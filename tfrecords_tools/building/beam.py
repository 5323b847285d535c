"""Apache Beam as the engine of a build: for conversions larger than a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tfrecords_tools.building.build_tally import Census
from tfrecords_tools.building.examining import examined
from tfrecords_tools.building.runner import Runner
from tfrecords_tools.building.source import Source
from tfrecords_tools.building.writing import write_shards
from tfrecords_tools.reading.example import Example, fingerprint, stored
from tfrecords_tools.shell.errors import UserError

try:
    import apache_beam
    from apache_beam.options.pipeline_options import PipelineOptions
except ImportError:  # an optional extra
    apache_beam = None


def write_on_beam(source: Source, *, census: Census, runner: Runner, data_dir: Path) -> Path:
    """Writes all splits of `source` by a Beam pipeline and enters into `census` what has become of them.

    Which examples are wanted is decided here, from the annotations; their images are read by Beam's workers,
    which must see the raw folder and `data_dir` under the same paths. The finished records are read once more
    here, to be counted.

    Args:
        source: what is written.
        census: that has seen nothing yet.
        runner: where the pipeline runs.
        data_dir: where the records' folder is made.

    Returns:
        The records' folder.

    Raises:
        UserError: Apache Beam is not installed; the pipeline failed; a split would be empty; too many images
            are unreadable.
    """
    if apache_beam is None:
        raise UserError("--beam-runner needs Apache Beam. Received: none. pip install mmannot-tf[beam]")
    wanted = {
        name: {example.id: example for example in census.wanted(name, split.examples(), lambda: None)}
        for name, split in source.splits.items()
    }
    for split, examples in wanted.items():
        if not examples:
            census.not_empty(split)
    pipeline = {
        "beam_runner": apache_beam.runners.create_runner(runner.name),
        "beam_options": PipelineOptions(list(runner.options)),
    }
    try:
        shards = write_shards(
            source,
            records=lambda split: _keyed_records([*wanted[split].values()]),
            data_dir=data_dir,
            beam=pipeline,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(f"Beam pipeline must finish. Received: {type(error).__name__}: {error}") from error
    for split, examples in wanted.items():
        _count(shards, split, examples, source=source, census=census)
    return shards


def _keyed_records(examples: list[Example]) -> Any:
    """A transform that makes `(id, record)` of every example whose image is readable."""
    return apache_beam.Create(examples) | apache_beam.Reshuffle() | apache_beam.FlatMap(_keyed_record)


def _keyed_record(example: Example) -> Iterator[tuple[str, dict[str, Any]]]:
    one = examined(example)
    if one.image is not None:
        yield example.id, example.record(one.image)


def _count(shards: Path, split: str, wanted: dict[str, Example], *, source: Source, census: Census) -> None:
    """Enters the records that were written, and by name the images that were wanted and were not."""
    missing = dict(wanted)
    builder = tfds.builder_from_directory(shards)
    skip = {"image": tfds.decode.SkipDecoding()}
    for entry in tfds.as_numpy(builder.as_dataset(split=split, decoders=skip)):
        record = stored(entry, source.labels)
        census.record(split, missing.pop(record["id"]), fingerprint(record))
    for example in missing.values():
        census.refuse(example, examined(example, images=False).reason)
    census.not_empty(split)
