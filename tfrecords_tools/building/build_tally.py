"""Filters and counts the examples of a build."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tfrecords_tools.building.drop_reasons import DropReason
from tfrecords_tools.building.examining import examine
from tfrecords_tools.building.leakage import Copies, Leak, find_copies
from tfrecords_tools.building.placeholders import placeholder_reason
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.photographs.encoded import Original
from tfrecords_tools.photographs.unreadable import MISSING
from tfrecords_tools.reading.example import Example, fingerprint
from tfrecords_tools.reading.marker import ConvertedImage, UnusableImage
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError

NAMED = 12
"""Images that records.json names for each reason to leave them out that is no fault of their files."""


@dataclass
class BuildTally:
    """Counts of the examples that a build has processed so far.

    Attributes:
        rules: decide which examples are kept.
        candidates: number of examples in the source.
        workers: processes that read the images; None starts one per core if reading takes long.
        copies: the files with the same bytes: placeholders, and photographs in several splits.
        source: names the files and their rows; None names files without their folders.
        images: number of records by split.
        unlabelled: number of images without a label by split, kept or not.
        untagged: number of images without a tag by split, kept or not.
        unreadable: every image that could not be used.
        dropped: number of images that were left out, by reason.
        left_out: the first `NAMED` images of each reason that is no fault of their files.
        converted: every image whose record holds a PNG in place of its own bytes.
        tags: number of training images by tag.
        fingerprints: fingerprints of the records by split.
    """

    rules: Rules
    candidates: int
    workers: int | None = None
    copies: Copies = field(default_factory=Copies)
    source: RecordSource | None = None
    images: Counter[str] = field(default_factory=Counter)
    unlabelled: Counter[str] = field(default_factory=Counter)
    untagged: Counter[str] = field(default_factory=Counter)
    unreadable: list[UnusableImage] = field(default_factory=list)
    dropped: Counter[DropReason] = field(default_factory=Counter)
    left_out: list[UnusableImage] = field(default_factory=list)
    converted: list[ConvertedImage] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    fingerprints: dict[str, list[str]] = field(default_factory=dict)

    def kept(
        self, split: str, examples: Iterable[Example], advance: Callable[[], None]
    ) -> Iterator[tuple[Example, bytes]]:
        """Yields the examples that become records with their image bytes, in order.

        Args:
            split: the split's name.
            examples: its candidates.
            advance: called once for each candidate that was processed.

        Raises:
            UserError: the share of unreadable images exceeds the rules' `bad_share`.
        """
        wanted = self.wanted(split, examples, advance)
        for examined in examine(wanted, workers=self.workers, quick=self.rules.quick_check):
            advance()
            example, image = examined.example, examined.image
            if image is None:
                self.add_unreadable(example, examined.reason)
                continue
            self.add_record(split, example, fingerprint(example.record(image), examined.content))
            self.add_original(example, examined.original)
            yield example, image

    def wanted(
        self, split: str, examples: Iterable[Example], advance: Callable[[], None]
    ) -> Iterator[Example]:
        """Yields the examples that are neither dropped by a rule nor copies of others; reads no image."""
        for example in examples:
            self.unlabelled[split] += not example.labels
            self.untagged[split] += not example.tags
            if lack := self.rules.drop_reason(example.labels, example.tags):
                advance()
                self.add_left_out(example, DropReason(lack))
            elif copies := self.copies.placeholders.get(str(example.image), 0):
                advance()
                self.add_unreadable(example, placeholder_reason(copies), kind=DropReason.PLACEHOLDER)
            elif example.id in self.copies.dropped:
                advance()
                self.add_left_out(example, DropReason.LEAKAGE)
            else:
                yield example

    def add_left_out(self, example: Example, reason: DropReason) -> None:
        """Adds an image that a rule drops, or that is a copy in another split."""
        self.dropped[reason] += 1
        if self.dropped[reason] <= NAMED:
            self.left_out.append(unusable(example, reason.value, self.source))

    def add_unreadable(self, example: Example, reason: str, *, kind: DropReason | None = None) -> None:
        """Adds an image that cannot be used.

        Args:
            example: the image's example.
            reason: why, in words.
            kind: why; None for a file that is missing or does not decode.

        Raises:
            UserError: there are too many of these.
        """
        unreadable = DropReason.MISSING if reason == MISSING else DropReason.UNREADABLE
        self.dropped[kind or unreadable] += 1
        self.unreadable.append(unusable(example, reason, self.source))
        if len(self.unreadable) > self.rules.bad_share * self.candidates:
            first = "; ".join(f"{bad['file']}: {bad['reason']}" for bad in self.unreadable[:3])
            raise UserError(
                f"at most a share of {self.rules.bad_share:g} of {counted(self.candidates, 'image')} may be "
                f"unreadable. Received: {len(self.unreadable)} so far ({first}). Repair the files, or raise "
                "--bad-share."
            )

    def add_original(self, example: Example, original: Original | None) -> None:
        """Adds what an image was before it was converted; None if it was not."""
        if original:
            entry: ConvertedImage = {
                "id": example.id,
                "file": example.file if self.source is None else self.source.file_of(example),
                "format": original.format,
                "sha256": original.sha256,
            }
            self.converted.append(entry)

    def check_split(self, split: str) -> None:
        """Checks that a finished split has at least one record.

        Raises:
            UserError: it has none.
        """
        if not self.images[split]:
            dropped = f"{self.unlabelled[split]} unlabelled and {self.untagged[split]} untagged"
            raise UserError(
                f"split {split!r} must hold an image. Received: none, after dropping {dropped} and "
                f"{counted(len(self.unreadable), 'unreadable file')}. Give it more images, or keep "
                "what is dropped."
            )

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The photographs that the records of several splits hold; call it at the end of the build."""
        unreadable = {image["id"] for image in self.unreadable}
        dropped = unreadable | self.copies.dropped
        return tuple(
            leak
            for leak in self.copies.leaks
            if sum(any(name not in dropped for name in names) for names in leak.ids.values()) > 1
        )

    def add_record(self, split: str, example: Example, digest: str) -> None:
        """Adds an example that became a record with the fingerprint `digest`."""
        self.images[split] += 1
        self.fingerprints.setdefault(split, []).append(digest)
        if split == "train":
            self.tags.update(example.tags)


def new_tally(source: RecordSource, *, workers: int | None = None) -> BuildTally:
    """An empty tally for `source`, which knows only the files with the same bytes.

    Args:
        source: the raw data set.
        workers: processes that read the images; None starts one per core if reading takes long.
    """
    workers = 0 if source.vectors else workers
    return BuildTally(source.rules, source.candidates, workers, find_copies(source), source)


def unusable(example: Example, reason: str, source: RecordSource | None) -> UnusableImage:
    """The entry of an image that cannot be used, with its row in the annotations if `source` knows it."""
    file = example.file if source is None else source.file_of(example)
    entry: UnusableImage = {"id": example.id, "file": file, "reason": reason}
    if source is not None and (row := source.row_of(example.id)):
        entry["row"] = row
    return entry
