"""The protocols: which images are for training, and which for test."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

from tfrecords_tools.building.splitting import uniform_hash
from tfrecords_tools.mirflickr.labels import IMAGES
from tfrecords_tools.reading.published import PublishedCounts

Protocol = Literal["modulo", "random"]

PUBLISHED = PublishedCounts("the collection, with unlabelled images", train=15_000, test=10_000)
"""Both protocols give these numbers for the whole collection."""
TRAINING_REMAINDERS = (1, 2, 3)
"""Numbers with these remainders modulo 5 are for training, as the collection proposes."""


def training_numbers(numbers: Iterable[int], protocol: Protocol, *, seed: int) -> list[int]:
    """Those of the images that are for training, in order.

    Args:
        numbers: the images' numbers, counted from 1.
        protocol: "modulo" splits by number modulo 5; "random" draws 15,000 of all 25,000 numbers, whether
            their images are there or not, so that a part of the collection is split as the whole.
        seed: of the random draw.
    """
    if protocol == "modulo":
        return [number for number in numbers if number % 5 in TRAINING_REMAINDERS]
    drawn = _drawn(seed)
    return [number for number in numbers if number in drawn]


@cache
def _drawn(seed: int) -> frozenset[int]:
    """The numbers with the smallest hashes."""
    hashes = {number: uniform_hash(f"mirflickr/{seed}/{number}") for number in range(1, IMAGES + 1)}
    return frozenset(sorted(hashes, key=lambda number: hashes[number])[: PUBLISHED.train])
