"""What records of vectors say of their vectors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VectorFacts:
    """The vectors of records that have no images.

    Attributes:
        size: D, numbers in each vector.
        model: what made them, in somebody's words.
    """

    size: int
    model: str
