"""Photographs in TFRecord files, with their names and tags. Imports TensorFlow when it reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mmannot_tf.serving.inputs.photograph import Photograph, UnlistedPhotograph
from tfrecords_tools.photographs.regular_files import check_format
from tfrecords_tools.reading.records import MARKER
from tfrecords_tools.shell.errors import one_line
from tfrecords_tools.tag_rule.rule import join_tags

if TYPE_CHECKING:
    import tensorflow as tf

IMAGE, NAME, TAGS = ("image", "image/encoded"), ("id", "image/filename", "image/source_id"), ("tags",)
"""Features of an example that hold its image, its name and its tags; the first that it has counts. Those with
a slash are the names of the TF Object Detection API."""
_FILE = re.compile(r".*\.tfrecords?(-\d+-of-\d+)?")


@dataclass(frozen=True)
class RecordPhotograph:
    """A photograph in a record.

    Attributes:
        name: the record's own, or else the file's name and the record's number in it.
        encoded: its bytes.
        tags: tags of the record, comma-separated; None if it has none.
    """

    name: str
    encoded: bytes
    tags: str | None = None
    path: None = None

    def __str__(self) -> str:
        return self.name

    @property
    def relative(self) -> str:
        """The name."""
        return self.name

    @property
    def absolute(self) -> str:
        """The name."""
        return self.name

    def content(self) -> bytes:
        """Returns its bytes.

        Raises:
            UnreadableImageError: they are of no known format.
        """
        check_format(self.encoded)
        return self.encoded

    def modified(self) -> float:
        """Returns 0: records keep no such time."""
        return 0.0


def record_files(named: str) -> list[str] | None:
    """The TFRecord files that a path or address names: itself, or those of a folder of records.

    Returns:
        The files in order; None if it names neither.
    """
    if _FILE.fullmatch(PurePosixPath(named).name):
        return [named]
    folder = Path(named)
    if not (folder / MARKER).is_file():
        return None
    return sorted(str(file) for file in folder.iterdir() if _FILE.fullmatch(file.name))


def record_photographs(file: str) -> Iterator[Photograph]:
    """Yields the photographs of a TFRecord file of `tf.train.Example`, one record in memory at a time.

    A record that cannot be read ends the file; it is yielded as a photograph that cannot be read, so it is
    counted and reported like any other.

    Args:
        file: a path, or an address that TensorFlow reads.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    name = PurePosixPath(file).name
    number = 0
    try:
        for number, content in enumerate(tf.data.TFRecordDataset(file).as_numpy_iterator(), start=1):
            yield _photograph(tf.train.Example.FromString(content), f"{name}:{number}")
    except (tf.errors.OpError, DecodeError) as error:
        yield UnlistedPhotograph(f"{name}:{number + 1}", f"no record that can be read: {one_line(error)}")


def _photograph(example: "tf.train.Example", place: str) -> Photograph:
    image, names, tags = (_texts(example, features) for features in (IMAGE, NAME, TAGS))
    if not image:
        return UnlistedPhotograph(place, f"a record without a feature {' or '.join(IMAGE)}")
    words = None if tags is None else join_tags(word.decode("utf-8", "replace") for word in tags)
    return RecordPhotograph(names[0].decode("utf-8", "replace") if names else place, image[0], words)


def _texts(example: "tf.train.Example", features: tuple[str, ...]) -> list[bytes] | None:
    """The values of the first of some features; None if the example has none of them."""
    present = example.features.feature
    found = next((feature for feature in features if feature in present), None)
    return None if found is None else list(present[found].bytes_list.value)
