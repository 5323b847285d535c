"""Published counts of images, to compare ours with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict


class CountComparison(TypedDict):
    """One published count and ours."""

    where: str
    split: Literal["train", "test"]
    ours: int
    published: int


class PublishedEntry(TypedDict):
    """`PublishedCounts` in records.json."""

    where: str
    train: int
    test: int


@dataclass(frozen=True)
class PublishedCounts:
    """Published numbers of training and test images.

    Attributes:
        where: their origin: "the paper (Sec. IV-A1)", "the official lists, labelled", …
        train: training images; ours are the train and validation splits together.
        test: test images.
    """

    where: str
    train: int
    test: int

    def as_json(self) -> PublishedEntry:
        """The counts as records.json holds them."""
        return {"where": self.where, "train": self.train, "test": self.test}


def published_counts(
    published: Iterable[PublishedCounts], splits: Mapping[str, int]
) -> list[CountComparison]:
    """Every published count with ours.

    Args:
        published: the published counts.
        splits: our images by split.
    """
    train, test = splits.get("train", 0) + splits.get("validation", 0), splits.get("test", 0)
    comparisons: list[CountComparison] = []
    for counts in published:
        comparisons += [
            {"where": counts.where, "split": "train", "ours": train, "published": counts.train},
            {"where": counts.where, "split": "test", "ours": test, "published": counts.test},
        ]
    return comparisons
