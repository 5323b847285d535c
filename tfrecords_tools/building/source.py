"""What a raw data set looks like to a build or a check: a value that each source fills in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.published import Published


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
class Finding:
    """An error in a raw annotation file that can be told apart from the rest of the file.

    Attributes:
        file: its path below the raw folder.
        row: its line, or its place in a JSON list, counted from 1.
        problem: what stands there, and what a repair makes of it.
    """

    file: str
    row: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.problem}"


@dataclass(frozen=True)
class Source:
    """A raw data set, its annotations parsed, its images not yet read.

    Attributes:
        name: "synthetic", "mscoco", "nus_wide", "manifest".
        config: which variant of it; a folder of this name holds the records.
        labels: all label names; a label's place is its id.
        settings: JSON values that decide the content, digests of raw annotation files included.
        splits: what becomes the splits of the same names.
        rules: which examples are kept.
        citation: where the data comes from, in words.
        published: counts that others printed for this variant.
        findings: errors in the annotation files; a build stops on them unless the rules repair them.
        repeated: ids of photographs that occur in several examples, with those examples' ids.
        notes: what is no error and yet worth a look, a sentence each: a label no training image bears, …
        has_groups: whether examples bear group names beside tags.
    """

    name: str
    config: str
    labels: tuple[str, ...]
    settings: Mapping[str, Any]
    splits: Mapping[str, Split]
    rules: Rules = field(default_factory=Rules)
    citation: str = ""
    published: tuple[Published, ...] = ()
    findings: tuple[Finding, ...] = ()
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    has_groups: bool = False

    @property
    def candidates(self) -> int:
        """How many examples all splits offer."""
        return sum(split.candidates for split in self.splits.values())
