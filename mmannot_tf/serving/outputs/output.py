"""What every place that annotations go to can do. No TensorFlow."""

from collections.abc import Sequence
from typing import Protocol

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.photographs import Photograph


class Output(Protocol):
    """Somewhere to put annotations.

    Attributes:
        earlier: how many photographs an earlier run is known to have finished.
    """

    earlier: int

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph is still to be annotated; each is wanted once."""
        ...

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes the results of a batch, so that a kill of the process cannot lose them.

        Returns:
            The results as they are now: one that could not be written has become an `Unread`.
        """
        ...

    def close(self) -> None:
        """Closes what is open."""
        ...
