"""Counts the tags that the model does not know, and names the most frequent ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypedDict

from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.paths import shown

MAX_NAMED = 10
"""The number of tags that are named; the rest is counted."""
MAX_KEPT = 100_000
"""The number of different tags that are counted each; tags that appear after these count as others."""


class UnknownTagsDocument(TypedDict):
    """Unknown tags as JSON values: how many images had some, and the number of images of the first tags."""

    images: int
    tags: int
    named: dict[str, int]


class UnknownTags:
    """The unknown tags of many images.

    Attributes:
        images: the number of images with an unknown tag.
        tags: the number of unknown tags, each once an image.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self.images, self.tags = 0, 0
        self._counts: Counter[str] = Counter()

    def add(self, tags: Sequence[str]) -> None:
        """Adds the unknown tags of one image, each once."""
        self.images += bool(tags)
        self.tags += len(tags)
        room = len(self._counts) < MAX_KEPT
        self._counts.update(tag for tag in tags if room or tag in self._counts)

    def merge(self, other: "UnknownTags") -> None:
        """Adds the counts of another object, of at most `MAX_KEPT` different tags together."""
        self.images += other.images
        self.tags += other.tags
        self._counts.update(other._counts)
        if len(self._counts) > MAX_KEPT:
            self._counts = Counter(dict(self._counts.most_common(MAX_KEPT)))

    def document(self) -> UnknownTagsDocument:
        """The counts as JSON values."""
        return {"images": self.images, "tags": self.tags, "named": dict(self._named())}

    def lines(self) -> Iterator[str]:
        """A line that counts and names the tags; none if all were known."""
        if not self.tags:
            return
        named = ", ".join(f"{shown(tag)} ({count:,})" for tag, count in self._named())
        more = ", …" if len(self._counts) > MAX_NAMED else ""
        images = counted(self.images, "image")
        yield f"the model does not know tags of {images} and ignored them: {named}{more}"

    def _named(self) -> list[tuple[str, int]]:
        """The most frequent tags with their images; ties in alphabetical order."""
        return sorted(self._counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_NAMED]
