"""Finds near-duplicates across splits: photographs that look alike, by a perceptual hash."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image, ImageOps

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.extras import install_command

DISTANCE = 4
"""Most bits of 64 in which the hashes of near-duplicates differ (ours)."""
BANDS = DISTANCE + 1
"""Parts of a hash; two hashes that differ in at most `DISTANCE` bits agree in one of them."""
MOST = 1000
"""Most pairs that are listed, as flat pictures are all alike."""


def check_imagehash() -> None:
    """Checks that the package for perceptual hashes is installed.

    Raises:
        UserError: it is not.
    """
    try:
        import imagehash  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"--near-duplicates needs ImageHash. Received: {error}. Run `{install_command('duplicates')}`."
        ) from None


class NearDuplicates:
    """Collects the hashes of photographs and finds the pairs of different splits that look alike."""

    def __init__(self) -> None:
        """Starts without photographs."""
        self._hashes: list[int] = []
        self._places: list[tuple[str, str, str]] = []

    def add(self, split: str, identifier: str, image: bytes, *, content: str) -> None:
        """Adds a photograph.

        Args:
            split: its split.
            identifier: its id.
            image: its JPEG or PNG bytes, which decode.
            content: the digest of its bytes; equal bytes are no near-duplicates.
        """
        import imagehash

        with Image.open(BytesIO(image), formats=("JPEG", "PNG")) as opened:
            opened.draft("RGB", (256, 256))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        bits = imagehash.phash(upright).hash.flatten()
        self._hashes.append(int("".join("1" if bit else "0" for bit in bits), 2))
        self._places.append((split, identifier, content))

    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of "id (split)", at most `MOST`, in the order in which they were added."""
        hashes = np.array(self._hashes, np.uint64)
        found: set[tuple[int, int]] = set()
        for first, second in _candidates(hashes):
            if self._is_pair(first, second):
                found.add((first, second))
                if len(found) >= MOST:
                    break
        return [(self._shown(first), self._shown(second)) for first, second in sorted(found)]

    def _is_pair(self, first: int, second: int) -> bool:
        (split, _, content), (other_split, _, other_content) = self._places[first], self._places[second]
        return split != other_split and content != other_content

    def _shown(self, index: int) -> str:
        split, identifier, _ = self._places[index]
        return f"{identifier} ({split})"


def _candidates(hashes: np.ndarray) -> Iterator[tuple[int, int]]:
    """The pairs of places, in ascending order, whose hashes differ in at most `DISTANCE` bits."""
    edges = [64 * band // BANDS for band in range(BANDS + 1)]
    for low, high in pairwise(edges):
        keys = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order][:1] ^ np.uint64(1)))
        for group in np.split(order, starts[1:]):
            for place, first in enumerate(group):
                rest = group[place + 1 :]
                near = rest[_bit_counts(hashes[rest] ^ hashes[first]) <= DISTANCE]
                yield from ((int(first), int(second)) for second in near)


def _bit_counts(words: np.ndarray) -> np.ndarray:
    return np.unpackbits(words.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
