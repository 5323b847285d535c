"""The reading side: what a folder of records holds, and its examples as a tf.data.Dataset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tfrecords_tools.reading.published import Published
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.errors import UserError, plain
from tfrecords_tools.shell.files import digest, read_json
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

if TYPE_CHECKING:
    import tensorflow as tf

MARKER = "records.json"
VOCABULARY = "vocabulary.tsv"
VERSION = "1.0.0"
"""Of the records' format; the name of the folder they lie in."""


def seal(marker: Mapping[str, Any]) -> str:
    """The digest of a marker without its own seal: no other file can vouch for records.json."""
    return digest({key: value for key, value in marker.items() if key != "seal"})


@dataclass(frozen=True)
class Records:
    """A complete folder of records.

    Attributes:
        path: the folder that holds records.json.
        source: what they were built from: "synthetic", "mscoco", …
        settings: what the build was asked.
        labels: all label names; a label's place is its id.
        vocabulary: every tag of the training split, the most frequent first.
        splits: how many images each split has.
        digest: SHA-256 of the content: two builds with the same digest hold the same examples.
        published: counts that others printed for this data set.
        has_groups: whether the examples bear group names beside tags.
    """

    path: Path
    source: str
    settings: Mapping[str, Any]
    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    splits: Mapping[str, int]
    digest: str
    published: tuple[Published, ...]
    has_groups: bool


def open_records(path: Path) -> Records:
    """The records in `path`, or in the one folder below it that holds any. Reads no example.

    Raises:
        UserError: the folder is missing, holds no complete records, or holds several sets of them.
    """
    folder = _find(Path(path))
    marker = read_json(folder / MARKER, "records' metadata")
    try:
        return Records(
            path=folder,
            source=marker["source"],
            settings=MappingProxyType(marker["settings"]),
            labels=tuple(marker["labels"]),
            vocabulary=tuple(tag for tag, _ in read_vocabulary(folder / VOCABULARY)),
            splits=MappingProxyType(marker["splits"]),
            digest=marker["digest"],
            published=tuple(Published(**counts) for counts in marker["published"]),
            has_groups=marker["groups"],
        )
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{MARKER} must state source, settings, labels, splits, digest, published and groups. "
            f"Received: {folder / MARKER} ({error!r}). Build the records again with --overwrite."
        ) from None


def _find(path: Path) -> Path:
    """The one folder at or below `path` that holds a completion marker, hidden folders left out."""
    if not path.is_dir():
        raise UserError(f"records' folder must exist. Received: {path}, which does not.")
    if (path / MARKER).is_file():
        return path
    found = [
        marker.parent
        for marker in sorted(path.glob(f"**/{MARKER}"))
        if not any(part.startswith(".") for part in marker.relative_to(path).parts)
    ]
    if not found:
        raise UserError(
            f"folder must hold complete records ({MARKER}, written last by `mmannot-records build`). "
            f"Received: {path}, which holds none. Build them, or name another folder."
        )
    if len(found) > 1:
        names = ", ".join(str(folder) for folder in found)
        raise UserError(f"folder must hold one set of records. Received: {path} with {names}. Name one.")
    return found[0]


def read(records: Records, split: str, *, seed: int | None = None, images: bool = True) -> tf.data.Dataset:
    """The examples of one split, images still encoded.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: None for one fixed order; an integer orders the shards as a pure function of it.
        images: False leaves the image bytes out, for passes that need labels and tags only.

    Returns:
        Elements `{"id": string [], "image": string [], "labels": int64 [n], "tags": string [m]}`, and
        `"groups": string [g]` where the records have them.

    Raises:
        UserError: the split is unknown, or one of its files is missing.
    """
    import tensorflow_datasets as tfds

    if split not in records.splits:
        raise UserError(f"split must be one of {', '.join(records.splits)}. Received: {split!r}.")
    config = tfds.ReadConfig(try_autocache=False, shuffle_seed=seed, shuffle_reshuffle_each_iteration=False)
    words = {"id": True, "labels": True, "tags": True, **({"groups": True} if records.has_groups else {})}
    with quiet_tfds():
        builder = tfds.builder_from_directory(records.path)
        _check_files(records, [Path(name) for name in builder.info.splits[split].filepaths])
        return builder.as_dataset(
            split=split,
            shuffle_files=seed is not None,
            read_config=config,
            decoders={"image": tfds.decode.SkipDecoding()} if images else tfds.decode.PartialDecoding(words),
        )


@contextlib.contextmanager
def reading(records: Records) -> Iterator[None]:
    """Around a pass over `read`: a shard that turns out corrupt is a named failure.

    Raises:
        UserError: TensorFlow found a record's checksum wrong or a shard cut short.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.DataLossError as error:
        raise UserError(
            f"records must be whole. Received: {records.path} ({plain(error)}). "
            f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
        ) from None


def _check_files(records: Records, shards: list[Path]) -> None:
    for shard in shards:
        if not shard.is_file():
            raise UserError(
                f"records must be whole. Received: {records.path} without {shard.name}. "
                f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
            )
