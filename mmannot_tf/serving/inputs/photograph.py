"""`Photograph`: what is annotated, wherever its bytes are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tfrecords_tools.photographs.unreadable import UnreadableImageError


class Photograph(Protocol):
    """A photograph to annotate. `str` of it is its name in the annotations."""

    @property
    def path(self) -> Path | None:
        """Its file on this machine; None if it is elsewhere."""
        ...

    @property
    def relative(self) -> str:
        """Its name below what the user named."""
        ...

    @property
    def absolute(self) -> str:
        """A name that no other photograph has, whatever the user named."""
        ...

    @property
    def tags(self) -> str | None:
        """Tags that come with it, comma-separated; None if none can."""
        ...

    def content(self) -> bytes:
        """Reads its bytes.

        Raises:
            UnreadableImageError: it is missing, too large, or of no known format.
        """
        ...

    def modified(self) -> float:
        """When it was changed last, in seconds since the epoch; 0 if that is unknown."""
        ...


@dataclass(frozen=True)
class UnlistedPhotograph:
    """Stands for photographs that could not be listed, so that they are counted and reported as one.

    Attributes:
        name: of what could not be listed.
        error: why, in one line.
    """

    name: str
    error: str
    path: None = None
    tags: None = None

    def __str__(self) -> str:
        return self.name

    @property
    def relative(self) -> str:
        """The name."""
        return self.name

    @property
    def absolute(self) -> str:
        """The name."""
        return self.name

    def content(self) -> bytes:
        """Raises the error.

        Raises:
            UnreadableImageError: always.
        """
        raise UnreadableImageError(self.error)

    def modified(self) -> float:
        """Returns 0."""
        return 0.0
