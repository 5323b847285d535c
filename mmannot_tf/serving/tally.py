"""How a bulk annotation went. No TensorFlow."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mmannot_tf.serving.annotation import Result, Unread
from mmannot_tf.serving.outputs.output import Output

NAMED = 20
"""So many unreadable files are named; the others are counted. An output file names them all."""


class Tally:
    """Counts, and the first unreadable files.

    Attributes:
        annotated: images that got labels.
        unread: images that could not be read.
        named: the first `NAMED` of the latter.
        seconds: since the first batch was asked for.
    """

    def __init__(self):
        """Nothing yet."""
        self.annotated, self.unread, self.seconds = 0, 0, 0.0
        self.named: list[Unread] = []

    def gather(
        self,
        batches: Iterable[Sequence[Result]],
        output: Output,
        *,
        stop_at_error: bool,
        advance: Callable[[int], None],
    ) -> None:
        """Writes batches to `output` and counts them.

        Args:
            batches: of results.
            output: where they go.
            stop_at_error: whether an unreadable image ends it. What is before it is written, it is not, so
                that a second run comes upon it again.
            advance: called with the number of images done.
        """
        begun = time.perf_counter()
        for results in batches:
            faults = [isinstance(one, Unread) for one in results]
            stop = stop_at_error and any(faults)
            for one in output.write(results[: faults.index(True)] if stop else results):
                self._count(one)
            if stop:
                self._count(results[faults.index(True)])
            advance(len(results))
            self.seconds = time.perf_counter() - begun
            if stop_at_error and self.unread:
                break

    def _count(self, result: Result) -> None:
        if not isinstance(result, Unread):
            self.annotated += 1
            return
        self.unread += 1
        if len(self.named) < NAMED:
            self.named.append(result)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"annotated": self.annotated, "unreadable": self.unread, "seconds": self.seconds}

    def __str__(self) -> str:
        return f"annotated {self.annotated:,} photographs in {self.seconds:.1f} s with loading"
