"""Writes results as sharded files: `labels-00000-of-00004.jsonl`, … for `--out labels.jsonl`."""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.filesystems import FileSystems

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.outputs.csv_rows import CsvRows
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.record_file import RecordFormat
from tfrecords_tools.shell.addresses import WILDCARD, is_address
from tfrecords_tools.shell.errors import UserError

RECORD_FORMATS: dict[str, type[RecordFormat]] = {"jsonl": JsonLines, "csv": CsvRows}
PARQUET = "parquet"
FORMATS = (*RECORD_FORMATS, PARQUET)
PARQUET_FIELDS = (
    "image",
    "tags",
    "predicted_quantity",
    "annotations",
    "unknown_tags",
    "error",
    "model",
)
_SHARD = re.compile(r"-\d{5,}-of-(\d{5,})$")


@dataclass(frozen=True)
class ShardedFiles:
    """The files that an `--out` stands for.

    Attributes:
        prefix: the path or URL without its suffix.
        suffix: of every file, with its dot.
        format: one of `FORMATS`.
    """

    prefix: str
    suffix: str
    format: str

    @classmethod
    def of(cls, out: str, output_format: str | None) -> "ShardedFiles":
        """The files of `--out` and `--format`.

        Raises:
            UserError: neither names a format that is written in shards, or `out` is a pattern: Beam's sinks
                find their own files by their names as patterns.
        """
        if WILDCARD.search(out):
            raise UserError(f"--out must have none of * ? [ with --beam-runner. Received: {out}. Rename it.")
        suffix = PurePosixPath(out).suffix
        chosen = output_format or suffix.removeprefix(".").lower()
        formats = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        if chosen not in FORMATS:
            raise UserError(
                f"--beam-runner writes {formats}, by the suffix of --out or by --format. Received: "
                f"{f'--format {output_format}' if output_format else out}."
            )
        return cls(out.removesuffix(suffix), suffix, chosen)

    @property
    def report(self) -> str:
        """Where the pipeline leaves its counts for the command."""
        return f"{self.prefix}.report.json"

    def shards(self) -> list[str]:
        """The shards that exist, in order; of an earlier run there may be more than this one wrote."""
        files = _matching(f"{self.prefix}-*-of-*{self.suffix}")
        return sorted(file for file in files if self._number(file))

    def remove_others(self, written: Iterable[str]) -> int:
        """Removes the shards of an earlier run, and what a killed one left; returns the number of shards.

        Args:
            written: shards of this run; without one nothing is known to be of an earlier run.
        """
        numbers = {self._number(file) for file in written}
        others = [file for file in self.shards() if numbers and self._number(file) not in numbers]
        if others:
            FileSystems.delete(others)
        self._remove_temporary()
        return len(others)

    def _remove_temporary(self) -> None:
        """Removes the folders that Beam's file sinks write shards in before they rename them."""
        folder, slash, name = self.prefix.rpartition("/")
        if not is_address(self.prefix):
            for place in Path(folder + slash).glob(f"beam-temp-{name}-*"):
                shutil.rmtree(place, ignore_errors=True)
            return
        left = _matching(f"{folder}{slash}beam-temp-{name}-*/**")
        if left:
            FileSystems.delete(left)

    def _number(self, file: str) -> str:
        """The number of shards that a shard's name states; empty if it is no shard."""
        match = _SHARD.search(file.removesuffix(self.suffix) if self.suffix else file)
        return match[1] if match else ""


class WriteResults(beam.PTransform[Any, Any]):
    """Writes results, and yields the names of the files.

    A killed worker leaves no half-written file: shards are written aside and renamed when all are complete.
    """

    def __init__(self, files: ShardedFiles, model: str):
        """`model` is what records name as their model."""
        super().__init__()
        self._files, self._model = files, model

    def expand(self, results: Any) -> Any:
        """Adds the sink to a pipeline."""
        files, model = self._files, self._model
        if files.format == PARQUET:
            return (
                results
                | "Row" >> beam.Map(parquet_row, model=model)
                | "Write"
                >> beam.io.WriteToParquet(
                    files.prefix, parquet_schema(), codec="snappy", file_name_suffix=files.suffix
                )
            )
        record_format = RECORD_FORMATS[files.format]()
        return (
            results
            | "Line" >> beam.Map(lambda result: record_format.line(result, model)).with_output_types(bytes)
            | "Write"
            >> beam.io.WriteToText(
                files.prefix,
                file_name_suffix=files.suffix,
                append_trailing_newlines=False,
                coder=BytesCoder(),
                header=record_format.header or None,
            )
        )


def parquet_schema() -> Any:
    """The columns of Parquet files: the fields of the JSON lines; a field that a line lacks is null."""
    import pyarrow as pa

    label = pa.struct([("label", pa.string()), ("probability", pa.float64())])
    types = {
        "predicted_quantity": pa.float64(),
        "annotations": pa.list_(label),
        "unknown_tags": pa.list_(pa.string()),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in PARQUET_FIELDS])


def parquet_row(result: Result, model: str) -> dict[str, Any]:
    """A result as a row; text that is no UTF-8 is escaped as in JSON lines."""
    fields = {**result.document(), "model": model}
    return {name: _utf8(fields.get(name)) for name in PARQUET_FIELDS}


def _utf8(value: Any) -> Any:
    if isinstance(value, list):
        return [_utf8(item) for item in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _matching(pattern: str) -> list[str]:
    return [file.path for file in FileSystems.match([pattern])[0].metadata_list]
