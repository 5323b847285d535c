"""Counts of images that others printed, for printing beside ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """One pair of printed counts.

    Attributes:
        where: who printed them: "the paper (Sec. IV-A1)", "the official lists, labelled", …
        train: their training images; ours are the train and validation splits together.
        test: their test images.
    """

    where: str
    train: int
    test: int


def beside(published: Iterable[Published], splits: Mapping[str, int]) -> list[dict[str, Any]]:
    """`{"where", "split", "ours", "published"}` of every printed count.

    Args:
        published: the printed counts.
        splits: our images by split.
    """
    ours = {"train": splits.get("train", 0) + splits.get("validation", 0), "test": splits.get("test", 0)}
    return [
        {"where": counts.where, "split": split, "ours": ours[split], "published": getattr(counts, split)}
        for counts in published
        for split in ("train", "test")
    ]
