"""Checks, counts and drops a source's examples on their way into records."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfrecords_tools.building.examining import examine, processes
from tfrecords_tools.building.placeholders import placeholder_reason, placeholders_of
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import Source
from tfrecords_tools.reading.example import Example, fingerprint
from tfrecords_tools.shell.errors import UserError


@dataclass
class Census:
    """What became of the examples of a build so far.

    Attributes:
        rules: which examples are kept.
        candidates: how many examples the source offers.
        workers: other processes that read the images; None: what suits their number.
        placeholders: files that stand for deleted photographs, with the number of identical ones.
        images: records by split.
        unlabelled: images without a label, by split, kept or not.
        untagged: images without a tag, by split, kept or not.
        unreadable: `{"id", "file", "reason"}` of every image that could not be used.
        tags: how many training images bear a tag.
        fingerprints: of every record, by split.
    """

    rules: Rules
    candidates: int
    workers: int | None = None
    placeholders: Mapping[str, int] = field(default_factory=dict)
    images: Counter[str] = field(default_factory=Counter)
    unlabelled: Counter[str] = field(default_factory=Counter)
    untagged: Counter[str] = field(default_factory=Counter)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    fingerprints: dict[str, list[str]] = field(default_factory=dict)

    def kept(
        self, split: str, examples: Iterable[Example], advance: Callable[[], Any]
    ) -> Iterator[tuple[Example, bytes]]:
        """The examples that become records, with their checked image bytes, in order.

        Args:
            split: the split's name.
            examples: its candidates.
            advance: called once for each candidate that is done with.

        Raises:
            UserError: the share of unreadable images exceeds the rules' `bad_share`.
        """
        workers = processes(self.workers, self.candidates)
        for one in examine(self.wanted(split, examples, advance), workers=workers):
            advance()
            if one.image is None:
                self.refuse(one.example, one.reason)
                continue
            self.record(split, one.example, fingerprint(one.example.record(one.image), one.content))
            yield one.example, one.image

    def wanted(
        self, split: str, examples: Iterable[Example], advance: Callable[[], Any]
    ) -> Iterator[Example]:
        """The examples whose images are worth reading: kept by the rules, and no placeholder."""
        for example in examples:
            self.unlabelled[split] += not example.labels
            self.untagged[split] += not example.tags
            if self.rules.lacks(example.labels, example.tags):
                advance()
            elif copies := self._copies(example):
                advance()
                self.refuse(example, placeholder_reason(copies))
            else:
                yield example

    def refuse(self, example: Example, reason: str) -> None:
        """Notes an image that cannot be used.

        Raises:
            UserError: these are too many.
        """
        self.unreadable.append({"id": example.id, "file": example.file, "reason": reason})
        if len(self.unreadable) > self.rules.bad_share * self.candidates:
            first = "; ".join(f"{bad['file']}: {bad['reason']}" for bad in self.unreadable[:3])
            raise UserError(
                f"at most a share of {self.rules.bad_share:g} of {self.candidates} images may be unreadable. "
                f"Received: {len(self.unreadable)} so far ({first}). Mend the files, or raise --bad-share."
            )

    def not_empty(self, split: str) -> None:
        """Checks, at the end of a split, that it holds a record.

        Raises:
            UserError: it holds none.
        """
        if not self.images[split]:
            dropped = f"{self.unlabelled[split]} unlabelled and {self.untagged[split]} untagged ones"
            raise UserError(
                f"split {split!r} must hold an image. Received: none, after dropping {dropped} and "
                f"{len(self.unreadable)} unreadable files. Take more images or another --validation-share, "
                "or keep what is dropped."
            )

    def _copies(self, example: Example) -> int:
        return self.placeholders.get(str(example.image), 0) if self.placeholders else 0

    def record(self, split: str, example: Example, print_: str) -> None:
        """Notes an example that has become a record."""
        self.images[split] += 1
        self.fingerprints.setdefault(split, []).append(print_)
        if split == "train":
            self.tags.update(example.tags)


def new_census(source: Source, *, workers: int | None = None) -> Census:
    """A census that has seen nothing yet of `source`, except which files are placeholders.

    Args:
        source: whose examples are to be counted.
        workers: other processes that read the images; None: what suits their number.
    """
    return Census(source.rules, source.candidates, workers, placeholders_of(source))
