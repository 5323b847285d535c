"""Holds records against their own metadata: every byte, every record, every count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfrecords_tools.console import progress
from tfrecords_tools.example import content_digest, features, fingerprint
from tfrecords_tools.files import read_json, sha256
from tfrecords_tools.quiet import quiet_tfds
from tfrecords_tools.records import MARKER, Records


def verify(records: Records) -> list[str]:
    """Every problem found, one line each, its file named; an empty list means whole.

    Reads all bytes twice: once for the files' SHA-256, once for every record's checksum and image.
    """
    hashes: dict[str, str] = read_json(records.path / MARKER, "records' metadata").get("files", {})
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


def _files(folder: Path, hashes: dict[str, str]) -> Iterator[str]:
    if not hashes:
        yield f"{MARKER}: lists no files"
    for name, expected in hashes.items():
        if not (folder / name).is_file():
            yield f"{name}: missing"
        elif sha256(folder / name) != expected:
            yield f"{name}: SHA-256 differs from {MARKER}'s"
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(present - set(hashes) - {MARKER}):
        yield f"{name}: not listed in {MARKER}"


class _Reader:
    """Reads the shards of one split record by record."""

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
        import tensorflow as tf

        place = 0
        try:
            for place, serialized in enumerate(tf.data.TFRecordDataset(str(self._records.path / name))):
                problem = self._record(serialized)
                self._advance()
                if problem:
                    yield f"{name}: record {place}: {problem}"
        except tf.errors.DataLossError as error:
            yield f"{name}: unreadable after record {place}: {error.message}"

    def _record(self, serialized: Any) -> str | None:
        """What is wrong with one record; its fingerprint is kept if nothing is."""
        import tensorflow as tf
        import tensorflow_datasets as tfds

        skip = {"image": tfds.decode.SkipDecoding()}
        try:
            example = self._features.deserialize_example(serialized, decoders=skip)
            tf.io.decode_image(example["image"], channels=3, expand_animations=False)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            return " ".join(str(error).split())
        names = self._records.labels
        places = example["labels"].numpy().tolist()
        if not all(0 <= place < len(names) for place in places):
            return f"label ids must lie in 0..{len(names) - 1}, received {places}"
        record = {
            "id": example["id"].numpy().decode(),
            "image": example["image"].numpy(),
            "labels": [names[place] for place in places],
            "tags": _words(example["tags"]),
        }
        if self._records.has_groups:
            record["groups"] = _words(example["groups"])
        self.fingerprints.append(fingerprint(record))
        return None


def _words(feature: Any) -> list[str]:
    return [word.decode() for word in feature.numpy().tolist()]
