"""Checks records against their own metadata: every byte, record and count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

from tfrecords_tools.reading.example import (
    NumpyRecord,
    content_digest,
    decoded_record,
    fingerprint,
    undecoded,
)
from tfrecords_tools.reading.marker import Marker, seal
from tfrecords_tools.reading.records import DECODERS, MARKER, Records, record_features
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import json_text, read_json, sha256
from tfrecords_tools.shell.progress import progress_bars
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds


def verify(records: Records) -> list[str]:
    """Lists every problem in one line with its file; an empty list means that the records are intact.

    Reads all bytes twice: for the SHA-256 of the files, and for the checksum and image of every record.
    Metadata without a valid seal ends the check, as nothing can be compared with it.
    """
    try:
        marker = read_json(records.path / MARKER, "records' metadata")
    except UserError as error:
        return [f"{MARKER}: {error}"]
    broken = [*_marker_problems(records.path / MARKER, marker)]
    if broken:
        return broken
    hashes: dict[str, str] = marker["files"]
    problems = [*_file_problems(records.path, hashes)]
    fingerprints: dict[str, list[str]] = {}
    with progress_bars("images") as display, quiet_tfds():
        for split, images in records.splits.items():
            task = display.add_task(split, total=images)
            reader = _Reader(records, split, advance=partial(display.advance, task))
            problems += reader.problems([name for name in hashes if f"-{split}.tfrecord-" in name])
            fingerprints[split] = reader.fingerprints
    if not problems and content_digest(records.labels, fingerprints) != records.digest:
        problems.append(f"{MARKER}: digest differs from that of the records")
    return problems


def _marker_problems(path: Path, marker: Any) -> Iterator[str]:
    """Compares the metadata with its seal; every byte must be as a build writes it."""
    if not isinstance(marker, Mapping) or "seal" not in marker:
        yield f"{MARKER}: has no seal: edited, or of an older version; build the records again"
    elif marker["seal"] != seal(cast(Marker, marker)):
        yield f"{MARKER}: seal differs from that of its content: edited or damaged; nothing else was checked"
    elif path.read_bytes() != json_text(marker).encode():
        yield f"{MARKER}: bytes differ from those a build writes: edited or damaged; nothing else was checked"
    elif not marker.get("files"):
        yield f"{MARKER}: lists no files"


def _file_problems(folder: Path, hashes: Mapping[str, str]) -> Iterator[str]:
    for name, expected in hashes.items():
        if not (folder / name).is_file():
            yield f"{name}: missing"
        elif sha256(folder / name) != expected:
            yield f"{name}: SHA-256 differs from {MARKER}'s"
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _holds_files(path)}
    for name in sorted(present - set(hashes) - {MARKER}):
        yield f"{name}: not listed in {MARKER}"


def _holds_files(path: Path) -> bool:
    """Whether a path is a folder with something in it; links, pipes and empty folders are not."""
    return path.is_dir() and not path.is_symlink() and any(path.iterdir())


def _remedy(error: Exception) -> str:
    """What to do about an image that does not decode, such as a BMP or GIF of an earlier version."""
    converts = "; build the records again with --overwrite, which converts BMP and GIF"
    return converts if DECODERS.search(str(error)) else ""


class _Reader:
    """Reads the shards of one split record by record; parses and decodes several in parallel."""

    def __init__(self, records: Records, split: str, *, advance: Callable[[], None]):
        self._records = records
        self._split = split
        self._advance = advance
        self._features = record_features(records)
        self.fingerprints: list[str] = []

    def problems(self, shards: list[str]) -> list[str]:
        """Problems of the existing shards, and of the number of records."""
        present = [name for name in shards if (self._records.path / name).is_file()]
        problems = [problem for name in present for problem in self._shard(name)]
        readable, stated = len(self.fingerprints), self._records.splits[self._split]
        if readable != stated:
            problems.append(f"{MARKER}: states {stated} {self._split} images, {readable} could be read")
        return problems

    def _shard(self, name: str) -> Iterator[str]:
        """Problems of each record; after a wrong checksum the rest of the shard cannot be read."""
        import tensorflow as tf

        examples = self._examples(name)
        for number in count():
            try:
                self.fingerprints.append(fingerprint(decoded_record(next(examples), self._records.labels)))
            except StopIteration:
                return
            except (tf.errors.InvalidArgumentError, ValueError) as error:
                yield f"{name}: record {number}: {one_line(error)}{_remedy(error)}"
            except tf.errors.OpError as error:
                yield f"{name}: unreadable from record {number} on: {one_line(error)}"
                return
            self._advance()

    def _examples(self, name: str) -> Iterator[NumpyRecord]:
        """The shard's records; `next` raises InvalidArgumentError for a broken one, then continues."""
        import tensorflow as tf

        from tfrecords_tools.photographs.decoding import decode

        def parsed(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
            example = self._features.deserialize_example(serialized, decoders=undecoded(self._features))
            if self._records.vectors:
                return example
            pixels = decode(example["image"], orientation="ignored")
            return {
                **example,
                "shape": tf.shape(pixels),
            }  # tf.data drops the decoding unless an output depends on it

        shard = tf.data.TFRecordDataset(str(self._records.path / name))
        return shard.map(parsed, num_parallel_calls=tf.data.AUTOTUNE).as_numpy_iterator()
