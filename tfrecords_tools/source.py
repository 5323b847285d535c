"""What a raw data set looks like to the build: a value that each source fills in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfrecords_tools.example import Example


@dataclass(frozen=True)
class Split:
    """One split of a source.

    Attributes:
        candidates: how many examples it offers, before any is dropped.
        examples: makes a new iterator over them.
    """

    candidates: int
    examples: Callable[[], Iterator[Example]]


@dataclass(frozen=True)
class Rules:
    """Which examples become records.

    Attributes:
        keep_unlabelled: keep images without any label (the tables of the paper imply they were dropped) [14].
        keep_untagged: keep images without any tag (Sec. IV-A1: the paper drops them) [14].
        bad_share: the largest share of unreadable images that a build tolerates.
    """

    keep_unlabelled: bool = False
    keep_untagged: bool = False
    bad_share: float = 0.01


@dataclass(frozen=True)
class Source:
    """A raw data set, parsed and ready to be built.

    Attributes:
        name: "synthetic", "mscoco", …
        config: which variant of it; a folder of this name holds the records.
        labels: all label names; a label's place is its id.
        settings: JSON values that decide the content, digests of raw annotation files included.
        splits: what becomes the splits of the same names.
        rules: which examples are kept.
        citation: where the data comes from, in words.
    """

    name: str
    config: str
    labels: tuple[str, ...]
    settings: Mapping[str, Any]
    splits: Mapping[str, Split]
    rules: Rules = field(default_factory=Rules)
    citation: str = ""
