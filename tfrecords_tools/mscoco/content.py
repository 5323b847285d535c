"""`Content`, MS-COCO as read from the official files or from TFDS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfrecords_tools.building.source import AnnotationDefect, Split
from tfrecords_tools.mscoco.captions import words
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class Content:
    """The parsed annotations of MS-COCO; the images are not read yet.

    Attributes:
        year: 2014 or 2017.
        labels: the categories' names in the order of their ids.
        splits: test is the official val, validation a part of the official train.
        origin: JSON values that identify the files or the version.
        defects: annotations that cannot be used; the splits do not contain them.
        repeated: names of files that several images have, with the ids of these images.
        notes: hints that are no errors, a sentence each.
    """

    year: int
    labels: tuple[str, ...]
    splits: Mapping[str, Split]
    origin: Mapping[str, Json]
    defects: tuple[AnnotationDefect, ...] = ()
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def example(
    identifier: int | str,
    image: Path | bytes,
    *,
    labels: Iterable[str],
    captions: Iterable[str],
    settings: MscocoSettings,
) -> Example:
    """The example of one image, the same from official files and from TFDS.

    Args:
        identifier: the official id, unique in all splits.
        image: the encoded image, or the path of its file.
        labels: names of its categories, in the order of all labels.
        captions: its captions in the order of their ids; the tags follow this order.
        settings: how captions are split into words.
    """
    tags = words(captions, tokens=settings.tokens, stop_words=settings.stop_words)
    return Example(id=str(identifier), image=image, labels=tuple(labels), tags=tags)
