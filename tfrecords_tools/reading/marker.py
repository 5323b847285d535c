"""`Marker`, the document records.json."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from tfrecords_tools.reading.passed_over import PassedOver
from tfrecords_tools.reading.published import PublishedEntry
from tfrecords_tools.shell.files import Json, digest


class UnusableImage(TypedDict):
    """An image that could not become a record."""

    id: str
    file: str
    reason: str
    row: NotRequired[str]


class ConvertedImage(TypedDict):
    """An image whose record holds a PNG in place of its own bytes: its former format and their SHA-256."""

    id: str
    file: str
    format: str
    sha256: str


class Marker(TypedDict):
    """The document records.json: the settings of a build, and its result."""

    source: str
    version: str
    settings: Mapping[str, Json]
    labels: list[str]
    splits: dict[str, int]
    candidates: dict[str, int]
    unlabelled: dict[str, int]
    untagged: dict[str, int]
    unreadable: list[UnusableImage]
    left_out: NotRequired[list[UnusableImage]]
    converted: NotRequired[list[ConvertedImage]]
    repaired: list[str]
    repeated: dict[str, list[str]]
    published: list[PublishedEntry]
    leakage: NotRequired[list[dict[str, list[str]]]]
    passed_over: NotRequired[PassedOver]
    groups: bool
    unknown: NotRequired[bool]
    vectors: NotRequired[dict[str, Any]]
    tag_rule: NotRequired[int]
    files: dict[str, str]
    digest: str
    seal: NotRequired[str]


def seal(marker: Marker) -> str:
    """The digest of a marker without its seal; it protects records.json itself."""
    return digest({key: value for key, value in marker.items() if key != "seal"})
