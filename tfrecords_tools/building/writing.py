"""Writes a `RecordSource` as TFRecord shards, with a TFDS builder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds

from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.reading.example import features
from tfrecords_tools.reading.records import VERSION
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

KeyedRecords = Callable[[str], Any]
"""Returns the keys and records of a split: an iterator, or a Beam transform."""


class RecordsBuilder(  # type: ignore[call-arg]  # TFDS has no type annotations
    tfds.core.GeneratorBasedBuilder, skip_registration=True
):
    """Writes the examples of a source to shards; named like the source, with the version of the format."""

    VERSION = tfds.core.Version(VERSION)

    def __init__(self, *, source: RecordSource, records: KeyedRecords, data_dir: Path):
        self.name = source.name
        self._source = source
        self._records = records
        config = tfds.core.BuilderConfig(name=source.config, description=source.citation)
        super().__init__(data_dir=data_dir, config=config)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self._source.citation,
            features=features(
                self._source.labels,
                has_groups=self._source.has_groups,
                has_unknown=self._source.has_unknown,
                vector_size=self._source.vectors.size if self._source.vectors else 0,
            ),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        return {split: self._generate_examples(split) for split in self._source.splits}

    def _generate_examples(self, split: str) -> Any:
        return self._records(split)


def write_shards(
    source: RecordSource, *, records: KeyedRecords, data_dir: Path, beam: Mapping[str, object] | None = None
) -> Path:
    """Writes all splits of `source` below `data_dir` and returns their folder. Uses no network.

    Args:
        source: the raw data set.
        records: returns the keys and records of a split.
        data_dir: the parent of the new folder.
        beam: TFDS' `beam_runner` and `beam_options`, if `records` returns Beam transforms.

    Raises:
        UserError: the file system refuses a write.
    """
    config = tfds.download.DownloadConfig(try_download_gcs=False, **(beam or {}))
    with quiet_tfds():
        builder = RecordsBuilder(source=source, records=records, data_dir=data_dir)
        try:
            builder.download_and_prepare(download_config=config)
        except (RuntimeError, tf.errors.OpError) as error:
            raise _as_user_error(error) from error
    return Path(builder.data_dir)


def _as_user_error(error: Exception) -> Exception:
    """Converts an error of the file system, which TFDS wraps in a RuntimeError, to a `UserError`."""
    cause = error if isinstance(error, tf.errors.OpError) else error.__cause__
    if not isinstance(cause, tf.errors.OpError):
        return error
    return UserError(
        f"records must be written whole. Received: {cause.message}. Make room, or choose another --out."
    )
