"""Writes all batches of a bulk annotation and counts them."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict

from mmannot_tf.serving.annotation import Result, Unreadable
from mmannot_tf.serving.outputs.output import Output
from mmannot_tf.serving.outputs.unknown_tags import UnknownTags, UnknownTagsDocument
from tfrecords_tools.shell.counted import counted

MAX_NAMED = 20
"""The number of unreadable files that are named; an output file names them all."""


class SummaryDocument(TypedDict):
    """A summary as JSON values."""

    annotated: int
    unreadable: int
    seconds: float
    unknown_tags: UnknownTagsDocument


class Summary:
    """Counts of a bulk annotation, and its first unreadable files.

    Attributes:
        annotated: the number of annotated images.
        unreadable: the number of unreadable images.
        named: the first `MAX_NAMED` unreadable images.
        seconds: since the first batch was requested.
        unknown_tags: the tags that the model ignored.
    """

    def __init__(self) -> None:
        """Starts at zero."""
        self.annotated, self.unreadable, self.seconds = 0, 0, 0.0
        self.named: list[Unreadable] = []
        self.unknown_tags = UnknownTags()

    def write_all(
        self,
        batches: Iterable[Sequence[Result]],
        output: Output,
        *,
        stop_at_error: bool,
        advance: Callable[[int], None],
    ) -> None:
        """Writes batches to `output` and counts them.

        Args:
            batches: the results, batch by batch.
            output: where they are written.
            stop_at_error: stops at the first unreadable image. The images before it are written; it is not,
                so that a second run tries it again.
            advance: called with the number of images in each batch.
        """
        start = time.perf_counter()
        for results in batches:
            unreadable = [isinstance(result, Unreadable) for result in results]
            stop = stop_at_error and any(unreadable)
            for result in output.write(results[: unreadable.index(True)] if stop else results):
                self.add(result)
            if stop:
                self.add(results[unreadable.index(True)])
            advance(len(results))
            self.seconds = time.perf_counter() - start
            if stop_at_error and self.unreadable:
                break

    def add(self, result: Result) -> None:
        """Counts one result."""
        if not isinstance(result, Unreadable):
            self.annotated += 1
            self.unknown_tags.add(result.unknown_tags)
            return
        self.unreadable += 1
        if len(self.named) < MAX_NAMED:
            self.named.append(result)

    def merge(self, other: "Summary") -> None:
        """Adds the counts of another summary; of both the first unreadable images by name are named."""
        self.annotated += other.annotated
        self.unreadable += other.unreadable
        named = sorted([*self.named, *other.named], key=lambda unreadable: unreadable.image)
        self.named = named[:MAX_NAMED]
        self.unknown_tags.merge(other.unknown_tags)

    def document(self) -> SummaryDocument:
        """The counts as JSON values."""
        return {
            "annotated": self.annotated,
            "unreadable": self.unreadable,
            "seconds": self.seconds,
            "unknown_tags": self.unknown_tags.document(),
        }

    def __str__(self) -> str:
        return f"annotated {counted(self.annotated, 'photograph')} in {self.seconds:.1f} s with loading"
