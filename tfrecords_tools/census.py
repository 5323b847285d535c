"""Checks, counts and drops a source's examples on their way into records."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tfrecords_tools.errors import UserError
from tfrecords_tools.example import Example, fingerprint
from tfrecords_tools.images import UnreadableImageError, checked
from tfrecords_tools.source import Rules, Source

WORKERS = 4
WINDOW = 64
"""Images decoded ahead by the workers (Pillow decodes outside the interpreter lock)."""


@dataclass
class Census:
    """What became of the examples of a build so far.

    Attributes:
        rules: which examples are kept.
        candidates: how many examples the source offers.
        images: records by split.
        unlabelled: images without a label, by split, kept or not.
        untagged: images without a tag, by split, kept or not.
        unreadable: `{"file", "reason"}` of every image that could not be used.
        tags: how many training images bear a tag.
        fingerprints: of every record, by split.
    """

    rules: Rules
    candidates: int
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
        for example, outcome in _decoded_ahead(self._wanted(split, examples, advance)):
            advance()
            if isinstance(outcome, UnreadableImageError):
                self._refuse(example, str(outcome))
                continue
            self.images[split] += 1
            self.fingerprints.setdefault(split, []).append(fingerprint(example.record(outcome)))
            if split == "train":
                self.tags.update(example.tags)
            yield example, outcome

    def _wanted(
        self, split: str, examples: Iterable[Example], advance: Callable[[], Any]
    ) -> Iterator[Example]:
        for example in examples:
            self.unlabelled[split] += not example.labels
            self.untagged[split] += not example.tags
            labels_suffice = example.labels or self.rules.keep_unlabelled
            tags_suffice = example.tags or self.rules.keep_untagged
            if labels_suffice and tags_suffice:
                yield example
            else:
                advance()

    def _refuse(self, example: Example, reason: str) -> None:
        self.unreadable.append({"file": example.file, "reason": reason})
        if len(self.unreadable) > self.rules.bad_share * self.candidates:
            first = "; ".join(f"{bad['file']}: {bad['reason']}" for bad in self.unreadable[:3])
            raise UserError(
                f"at most a share of {self.rules.bad_share:g} of {self.candidates} images may be unreadable. "
                f"Received: {len(self.unreadable)} so far ({first}). Mend the files, or raise --bad-share."
            )


def new_census(source: Source) -> Census:
    """A census that has seen nothing yet of `source`."""
    return Census(source.rules, sum(split.candidates for split in source.splits.values()))


def _outcome(example: Example) -> bytes | UnreadableImageError:
    try:
        return checked(example.image)
    except UnreadableImageError as error:
        return error


def _decoded_ahead(examples: Iterable[Example]) -> Iterator[tuple[Example, bytes | UnreadableImageError]]:
    """Each example with its checked image, in order, a window of them decoded at a time."""
    pool = ThreadPoolExecutor(WORKERS)
    pending: deque[tuple[Example, Any]] = deque()
    try:
        for example in examples:
            pending.append((example, pool.submit(_outcome, example)))
            if len(pending) >= WINDOW:
                first, outcome = pending.popleft()
                yield first, outcome.result()
        for example, outcome in pending:
            yield example, outcome.result()
    finally:
        pool.shutdown(cancel_futures=True)
