"""Opens a folder of records and reads its examples as a tf.data.Dataset."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from tfrecords_tools.reading.example import features, undecoded
from tfrecords_tools.reading.marker import Marker
from tfrecords_tools.reading.passed_over import PassedOver
from tfrecords_tools.reading.published import PublishedCounts
from tfrecords_tools.reading.stored_files import StoredFile, check_metadata, stored_files
from tfrecords_tools.reading.stored_files import check_unchanged as check_files_unchanged
from tfrecords_tools.reading.vectors import VectorFacts
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.documents import read_sealed
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import Json, read_json
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds
from tfrecords_tools.tag_rule.version import FORMER_TAG_RULE, known_version

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

MARKER = "records.json"
VOCABULARY = "vocabulary.tsv"
DECODERS = re.compile("Decode(AndCrop)?Jpeg|ExtractJpegShape")
"""TensorFlow's operations that decode JPEG and PNG, as its messages name them."""
VERSION = "1.0.0"
"""Of the records' format; also the name of their folder."""
SHARDS_AT_ONCE, RECORDS_AT_ONCE = 16, 16
"""The interleaving of shards, TFDS' own default: so many shards in turn, so many records of each."""


@dataclass(frozen=True)
class Records:
    """A complete folder of records.

    Attributes:
        path: the folder that holds records.json.
        source: the name of the raw data set: "synthetic", "mscoco", …
        settings: the settings of the build.
        labels: all label names; a label's index is its id.
        vocabulary: every tag of the training split, the most frequent first.
        splits: number of images by split.
        digest: SHA-256 of the content: builds with the same digest hold the same examples.
        published: published counts of this data set.
        has_groups: whether the examples have group names beside tags.
        has_unknown: whether the examples have labels of which nothing is known.
        tag_rule: version of the rule by which the tags are spelled (docs/tags.md); 1 in earlier records.
        passed_over: what the build left out; None in earlier records, which do not say.
        training: what TFDS calls the split "train"; see `joining.with_joined_training`.
        vectors: of records of vectors; None for images.
        files: the files by name, as they were when the records were opened; see `check_unchanged`.
    """

    path: Path
    source: str
    settings: Mapping[str, Json]
    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    splits: Mapping[str, int]
    digest: str
    published: tuple[PublishedCounts, ...]
    has_groups: bool
    has_unknown: bool = False
    tag_rule: int = FORMER_TAG_RULE
    passed_over: PassedOver | None = None
    training: str = "train"
    vectors: VectorFacts | None = None
    files: Mapping[str, StoredFile] = field(default_factory=dict, repr=False, compare=False)


def record_features(records: Records) -> tfds.features.FeaturesDict:
    """The features of each record."""
    return features(
        records.labels,
        has_groups=records.has_groups,
        has_unknown=records.has_unknown,
        vector_size=records.vectors.size if records.vectors else 0,
    )


def open_records(path: str | Path, *, check: bool = True) -> Records:
    """Opens the records in `path` or in the only folder of records below it. Reads no example.

    Args:
        path: a folder that `mmannot-records build` wrote, or one above it.
        check: whether to compare the metadata, and every file but the shards, with their digests.

    Returns:
        The records' labels, tag vocabulary, splits and settings. Their folder, `Records.path`, is a TFDS data
        set; a folder DIR/mscoco/2014 is also `tfds.load("mscoco/2014", data_dir=DIR)`.

    Raises:
        UserError: the folder is missing, or holds no complete records or several sets, or they are damaged.

    Example:
        >>> records = mmannot_tf.open_records("records/mscoco")                             # doctest: +SKIP
        >>> dataset = tfds.builder_from_directory(records.path).as_dataset(split="train")   # doctest: +SKIP
    """
    if not str(path) or not isinstance(path, str | os.PathLike):
        raise UserError(f"path must be the folder of records. Received: {path!r}.")
    folder = _find(Path(path))
    marker = _marker(folder, check=check)
    try:
        files = stored_files(folder, marker.get("files") or {})
        if check:
            check_metadata(folder, files)
        return Records(
            path=folder,
            source=marker["source"],
            settings=MappingProxyType(marker["settings"]),
            labels=tuple(marker["labels"]),
            vocabulary=tuple(tag for tag, _ in read_vocabulary(folder / VOCABULARY)),
            splits=MappingProxyType(marker["splits"]),
            digest=marker["digest"],
            published=tuple(PublishedCounts(**counts) for counts in marker["published"]),
            has_groups=marker["groups"],
            tag_rule=known_version(marker.get("tag_rule", FORMER_TAG_RULE), folder / MARKER),
            passed_over=marker.get("passed_over"),
            files=MappingProxyType(files),
            has_unknown=marker.get("unknown", False),
            vectors=VectorFacts(**marker["vectors"]) if "vectors" in marker else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{MARKER} must state source, settings, labels, splits, digest, published and groups. "
            f"Received: {folder / MARKER} ({error!r}). Build the records again with --overwrite."
        ) from None


def _marker(folder: Path, *, check: bool) -> Marker:
    what = "records' metadata"
    remedy = f"See `mmannot-records verify {folder}`, then build again with --overwrite."
    if check:
        return cast(Marker, read_sealed(folder / MARKER, what=what, remedy=remedy))
    return read_json(folder / MARKER, what, remedy=remedy)


def tfds_split(records: Records, split: str) -> str:
    """What TFDS calls a split of the records."""
    return records.training if split == "train" else split


def check_unchanged(records: Records) -> None:
    """Checks that records were not changed since they were opened. Call it before a result is kept.

    Raises:
        ChangedRecordsError: they were rebuilt or changed.
    """
    check_files_unchanged(records.path, records.files)


def check_label_ids(records: Records, image: str, ids: Sequence[int]) -> None:
    """Checks the label ids of an example before they are used as indices, where -1 would be the last label.

    Raises:
        UserError: an id is no label's.
    """
    unknown = [label for label in ids if not 0 <= label < len(records.labels)]
    if unknown:
        raise UserError(
            f"label ids of records must lie in 0..{len(records.labels) - 1}. Received: {records.path}, image "
            f"{image} with {unknown[0]}. See `mmannot-records verify {records.path}`, then build them again."
        )


def _find(path: Path) -> Path:
    """The only folder at or below `path` that holds a completion marker; skips hidden folders."""
    if not path.is_dir():
        raise UserError(f"records' folder must exist. Received: {path}, which does not.")
    if (path / MARKER).is_file():
        return path
    folders = [
        marker.parent
        for marker in sorted(path.glob(f"**/{MARKER}"))
        if not any(part.startswith(".") for part in marker.relative_to(path).parts)
    ]
    if not folders:
        raise UserError(
            f"folder must hold complete records ({MARKER}, written last by `mmannot-records build`). "
            f"Received: {path}, which holds none. Build them, or name another folder."
        )
    if len(folders) > 1:
        names = ", ".join(str(folder) for folder in folders)
        raise UserError(f"folder must hold one set of records. Received: {path} with {names}. Name one.")
    return folders[0]


def read(records: Records, split: str, *, seed: int | None = None, images: bool = True) -> tf.data.Dataset:
    """The examples of one split, images still encoded.

    Args:
        records: from `open_records`.
        split: "train", "validation" or "test".
        seed: of the order of the shards; None keeps their own order.
        images: False leaves the images or vectors out, for passes that need labels and tags only.

    Returns:
        Elements `{"id": string [], "image": string [], "labels": int64 [n], "tags": string [m]}`, with
        `"vector": float32 [D]` in place of the image in records of vectors, and `"groups": string [g]` if the
        records have groups, `"unknown": int64 [u]` if nothing is known of some labels.

    Raises:
        UserError: the split is unknown, or one of its files is missing.
    """
    import tensorflow_datasets as tfds

    if split not in records.splits:
        raise UserError(f"split must be one of {', '.join(records.splits)}. Received: {split!r}.")
    config = tfds.ReadConfig(
        try_autocache=False,
        shuffle_seed=seed,
        shuffle_reshuffle_each_iteration=False,
        interleave_cycle_length=SHARDS_AT_ONCE,
        interleave_block_length=RECORDS_AT_ONCE,
    )
    words = {name: True for name in ("id", "labels", "tags")}
    words |= {"groups": True} if records.has_groups else {}
    words |= {"unknown": True} if records.has_unknown else {}
    name = tfds_split(records, split)
    with quiet_tfds():
        builder = tfds.builder_from_directory(records.path)
        _check_files(records, [Path(file) for file in builder.info.splits[name].filepaths])
        return builder.as_dataset(
            split=name,
            shuffle_files=seed is not None,
            read_config=config,
            decoders=undecoded(builder.info.features) if images else tfds.decode.PartialDecoding(words),
        )


@contextlib.contextmanager
def data_loss_as_user_error(records: Records) -> Iterator[None]:
    """Raises a UserError when a pass over `read` meets a corrupt or missing shard, or an undecodable image.

    Raises:
        UserError: a record's checksum is wrong, a shard is truncated or was removed, or an image is none that
            the decoder takes, such as a BMP or GIF in records of earlier versions.
    """
    import tensorflow as tf

    try:
        yield
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise UserError(
            f"records must be whole. Received: {records.path} ({one_line(error)}). "
            f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
        ) from None
    except tf.errors.InvalidArgumentError as error:
        if not DECODERS.search(str(error)):
            raise
        raise UserError(
            f"records' images must decode as JPEG or PNG. Received: {records.path} ({one_line(error)}). "
            "Build again with --overwrite, which converts BMP and GIF and leaves out what is broken; "
            f"`mmannot-records verify {records.path}` names the images."
        ) from None


def _check_files(records: Records, shards: list[Path]) -> None:
    for shard in shards:
        if not shard.is_file():
            raise UserError(
                f"records must be whole. Received: {records.path} without {shard.name}. "
                f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
            )
