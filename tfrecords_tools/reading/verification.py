"""Holds records against their own metadata: every byte, every record, every count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from tfrecords_tools.reading.example import content_digest, features, fingerprint, stored
from tfrecords_tools.reading.records import MARKER, Records, seal
from tfrecords_tools.shell.console import progress
from tfrecords_tools.shell.errors import UserError, plain
from tfrecords_tools.shell.files import json_text, read_json, sha256
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds


def verify(records: Records) -> list[str]:
    """Every problem found, one line each, its file named; an empty list means whole.

    Reads all bytes twice: once for the files' SHA-256, once for every record's checksum and image.
    Records are held only against metadata that bears its own seal: nothing vouches for any other.
    """
    try:
        marker = read_json(records.path / MARKER, "records' metadata")
    except UserError as error:
        return [f"{MARKER}: {error}"]
    unsealed = [*_marker(records.path / MARKER, marker)]
    if unsealed:
        return unsealed
    hashes: dict[str, str] = marker["files"]
    problems = [*_files(records.path, hashes)]
    prints: dict[str, list[str]] = {}
    with progress("images") as display, quiet_tfds():
        for split, images in records.splits.items():
            task = display.add_task(split, total=images)
            reader = _Reader(records, split, advance=lambda task=task: display.advance(task))
            problems += reader.problems([name for name in hashes if f"-{split}.tfrecord-" in name])
            prints[split] = reader.fingerprints
    if not problems and content_digest(records.labels, prints) != records.digest:
        problems.append(f"{MARKER}: digest differs from that of the records")
    return problems


def _marker(path: Path, marker: Any) -> Iterator[str]:
    """What is wrong with the metadata's own bytes: not one of them may differ from what a build writes."""
    if not isinstance(marker, Mapping) or "seal" not in marker:
        yield f"{MARKER}: bears no seal: edited, or of an older version; build the records again"
    elif marker["seal"] != seal(marker):
        yield f"{MARKER}: seal differs from that of its content: edited or damaged; nothing else was checked"
    elif path.read_bytes() != json_text(marker).encode():
        yield f"{MARKER}: bytes differ from those a build writes: edited or damaged; nothing else was checked"
    elif not marker.get("files"):
        yield f"{MARKER}: lists no files"


def _files(folder: Path, hashes: Mapping[str, str]) -> Iterator[str]:
    for name, expected in hashes.items():
        if not (folder / name).is_file():
            yield f"{name}: missing"
        elif sha256(folder / name) != expected:
            yield f"{name}: SHA-256 differs from {MARKER}'s"
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(present - set(hashes) - {MARKER}):
        yield f"{name}: not listed in {MARKER}"


class _Reader:
    """Reads the shards of one split record by record; records are parsed and decoded ahead, in parallel."""

    def __init__(self, records: Records, split: str, *, advance: Callable[[], Any]):
        self._records = records
        self._split = split
        self._advance = advance
        self._features = features(records.labels, has_groups=records.has_groups)
        self.fingerprints: list[str] = []

    def problems(self, shards: list[str]) -> list[str]:
        """What is wrong within the shards that exist, and with their number of records."""
        present = [name for name in shards if (self._records.path / name).is_file()]
        problems = [problem for name in present for problem in self._shard(name)]
        found, stated = len(self.fingerprints), self._records.splits[self._split]
        if found != stated:
            problems.append(f"{MARKER}: states {stated} {self._split} images, {found} could be read")
        return problems

    def _shard(self, name: str) -> Iterator[str]:
        """What is wrong with each record; a broken checksum hides all that follow it."""
        import tensorflow as tf

        examples = self._examples(name)
        for place in count():
            try:
                self.fingerprints.append(fingerprint(stored(next(examples), self._records.labels)))
            except StopIteration:
                return
            except (tf.errors.InvalidArgumentError, ValueError) as error:
                yield f"{name}: record {place}: {plain(error)}"
            except tf.errors.OpError as error:
                yield f"{name}: unreadable from record {place} on: {plain(error)}"
                return
            self._advance()

    def _examples(self, name: str) -> Iterator[dict[str, Any]]:
        """The shard's examples; `next` raises InvalidArgumentError for one that is broken, and goes on."""
        import tensorflow as tf
        import tensorflow_datasets as tfds

        def parsed(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
            skip = {"image": tfds.decode.SkipDecoding()}
            example = self._features.deserialize_example(serialized, decoders=skip)
            pixels = tf.io.decode_image(example["image"], channels=3, expand_animations=False)
            return {**example, "shape": tf.shape(pixels)}  # unless something needs it, nothing is decoded

        shard = tf.data.TFRecordDataset(str(self._records.path / name))
        return shard.map(parsed, num_parallel_calls=tf.data.AUTOTUNE).as_numpy_iterator()
