"""The photographs that an output lacks, and what of those that it has may be out of date."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypedDict

from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.outputs.output import Output
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.listing import listed

MAX_NAMED = 5
"""Most photographs that a note names; the rest is counted."""


class OutdatedDocument(TypedDict):
    """Numbers of photographs whose earlier annotations may be out of date, as JSON values."""

    changed: int
    other_tags: int


@dataclass
class _Names:
    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.first) < MAX_NAMED:
            self.first.append(name)

    def __str__(self) -> str:
        return listed(self.first, MAX_NAMED, count=self.count)


class WantedPhotographs:
    """An iterable over the photographs that an output wants.

    Attributes:
        found: the number of photographs so far, wanted or not.
    """

    def __init__(
        self,
        photographs: Iterable[Photograph],
        output: Output,
        tags: Callable[[Photograph], str],
        *,
        compare_tags: bool = True,
    ):
        """Creates the iterable.

        Args:
            photographs: all of them.
            output: which it wants, and what it holds of the others.
            tags: the tags of a photograph; also called for photographs that are not wanted, so that a file of
                tags knows which of its rows name a photograph.
            compare_tags: whether photographs that were annotated with other tags are counted.
        """
        self._photographs, self._output, self._tags = photographs, output, tags
        self._compare_tags = compare_tags
        self.found, self._changed, self._other_tags = 0, _Names(), _Names()

    def __iter__(self) -> Iterator[Photograph]:
        """Yields the wanted photographs."""
        for photograph in self._photographs:
            self.found += 1
            if self._output.wants(photograph):
                yield photograph
            else:
                self._check(photograph)

    def lines(self) -> Iterator[str]:
        """Says what may be out of date, a sentence each."""
        advice = "Name another output to annotate them again"
        if self._changed.count:
            changed = self._changed
            yield f"{counted(changed.count, 'photograph')} changed after the annotation: {changed}. {advice}"
        if self._other_tags.count:
            others = counted(self._other_tags.count, "photograph was", "photographs were")
            yield f"{others} annotated with other tags: {self._other_tags}. {advice}"

    def document(self) -> OutdatedDocument:
        """The counts as JSON values."""
        return {"changed": self._changed.count, "other_tags": self._other_tags.count}

    def _check(self, photograph: Photograph) -> None:
        tags, earlier = self._tags(photograph), self._output.earlier(photograph)
        if earlier is None:
            return
        if self._compare_tags and earlier.tags is not None and earlier.tags != tags:
            self._other_tags.add(str(photograph))
        elif photograph.modified() > earlier.written:
            self._changed.add(str(photograph))
