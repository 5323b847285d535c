"""How many images the paper trained and tested on, for printing beside ours."""

from collections.abc import Mapping

PAPER: Mapping[str, Mapping[str, int]] = {
    "nus_wide": {"train": 94_570, "test": 55_335},
    "mscoco": {"train": 56_414, "test": 30_774},
}
"""Sec. IV-A1. The paper's training images are our train and validation splits together [16, 18]."""


def beside_paper(source: str, splits: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """`{"train": {"ours", "paper"}, "test": …}` of a source the paper used; empty for any other."""
    if source not in PAPER:
        return {}
    ours = {"train": splits.get("train", 0) + splits.get("validation", 0), "test": splits.get("test", 0)}
    return {split: {"ours": ours[split], "paper": count} for split, count in PAPER[source].items()}
