"""What a route to MS-COCO, official files or TFDS, makes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrecords_tools.building.source import Finding, Split
from tfrecords_tools.mscoco.captions import words
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.example import Example


@dataclass(frozen=True)
class Content:
    """MS-COCO, its images not yet read.

    Attributes:
        year: 2014 or 2017.
        labels: the categories' names in the order of their ids.
        splits: test is the official val, validation a part of the official train.
        origin: JSON values that say which files or which version this is.
        findings: annotations that cannot be used, and are left out.
    """

    year: int
    labels: tuple[str, ...]
    splits: Mapping[str, Split]
    origin: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


def example(
    identifier: int,
    image: Path | bytes,
    *,
    labels: Iterable[str],
    captions: Iterable[str],
    settings: MscocoSettings,
) -> Example:
    """One image's example, the same by either route.

    Args:
        identifier: the official id.
        image: the encoded file, or where it lies.
        labels: its categories' names, in the order of all labels.
        captions: in the order of their ids, which is that of the tags.
        settings: how captions part into words.
    """
    tags = words(captions, tokens=settings.tokens, stop_words=settings.stop_words)
    return Example(id=str(identifier), image=image, labels=tuple(labels), tags=tags)
