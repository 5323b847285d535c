"""The interface of every place that annotations are written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.inputs.photograph import Photograph


@dataclass(frozen=True)
class EarlierAnnotation:
    """What an output holds of a photograph from an earlier run.

    Attributes:
        tags: that it was annotated with; None if the output does not keep them.
        written: when the output was written last, in seconds since the epoch.
    """

    tags: str | None
    written: float


class Output(Protocol):
    """A place that annotations are written to."""

    @property
    def already_done(self) -> int:
        """The number of photographs that an earlier run finished."""
        ...

    @property
    def earlier_errors(self) -> int:
        """The number of photographs that it holds with an error of an earlier run."""
        ...

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph must still be annotated; True once per photograph."""
        ...

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """What an earlier run wrote of a photograph; None if it wrote no labels."""
        ...

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes the results of a batch, so that killing the process cannot lose them.

        Returns:
            The results; one that could not be written has become an `Unreadable`.
        """
        ...

    def close(self) -> None:
        """Closes open files."""
        ...
