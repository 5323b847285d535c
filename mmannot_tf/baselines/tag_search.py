"""The nearest images by their tags: an exact search with the Jaccard distance.

The similarity of tag sets a and b is |a ∩ b| / (|a| + |b| - |a ∩ b|), their distance 1 minus that. The pool
is an inverted index, its images in the order of |b|: of those that share equally many tags with a, the first
are nearest. So a query costs |a| additions of columns and a few scans, and only the first M of each level of
overlap are ever compared. One thread: the steps take microseconds each, and two threads were slower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmannot_tf.data.tag_lists import NONE
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.progress import progress_bars

_FREQUENT = 64  # adding a whole column costs as much as adding to 1 / 64 of its rows (measured, ours)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest images of each query.

    Attributes:
        indices: of pool images, the nearest first, int32 [N, M].
        untagged: how many queries have no tag; all their neighbours are random ones.
        filled: how many others share a tag with fewer than M images; random ones fill them up.
    """

    indices: np.ndarray
    untagged: int
    filled: int


def nearest(
    queries: np.ndarray,
    pool: np.ndarray,
    count: int,
    *,
    own: int | None = None,
    seed: int = 0,
    memory: int = 2**28,
) -> Neighbours:
    """Finds the `count` images of the pool nearest to each query; the lower index first where they tie.

    Images that share no tag with a query are all at distance 1. The lowest would be the same ones for every
    query, so those needed are drawn at random, from `seed` and the query's index alone.

    Args:
        queries: tags, int32 [N, L], in the format of `data.tag_lists`.
        pool: those of the images to choose from, int32 [P, L'].
        count: M.
        own: position in the pool of the first query, if the queries are part of it: no image is its own
            neighbour.
        seed: of the random neighbours, not negative.
        memory: limit in bytes for the columns of frequent tags; all else takes 60 bytes a tag of an image.

    Raises:
        UserError: the pool has fewer than `count` other images.
    """
    others = len(pool) - (own is not None)
    if count > others:
        raise UserError(
            f"There must be {count} other images to be neighbours. Received: {others}. "
            "Lower methods.tag_neighbour.neighbours."
        )
    starts, tags = _flat(queries)
    search = _Search(_indexed(pool, memory), count)
    indices, shared = np.empty((len(queries), count), np.int32), np.empty(len(queries), np.int32)
    with progress_bars() as display:
        for query in display.track(range(len(queries)), description="neighbours by tags"):
            itself = [] if own is None else [own + query]
            near = search(tags[starts[query] : starts[query + 1]].tolist(), *itself)
            strangers = _strangers(len(pool), near + itself, count - len(near), (seed, query))
            indices[query], shared[query] = near + strangers, len(near)
    untagged = np.diff(starts) == 0
    return Neighbours(indices, int(untagged.sum()), int((shared[~untagged] < count).sum()))


def _strangers(images: int, taken: Sequence[int], count: int, seed: tuple[int, int]) -> list[int]:
    """Random ones of the images that are not `taken`."""
    if not count:
        return []
    drawn = np.random.default_rng(seed).choice(images, min(images, count + len(taken)), replace=False)
    return drawn[~np.isin(drawn, taken)][:count].tolist()


def _flat(lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each image's tags start, [N + 1], and the tags of all images, one image after the other."""
    there = lists != NONE
    return np.concatenate([[0], np.cumsum(there.sum(axis=1))]), lists[there]


@dataclass(frozen=True, eq=False)
class _Pool:
    """The pool by tag. A position is an image's place in the order of |b|, then of its index.

    Attributes:
        index: of the image at each position, [P].
        position: of each image, [P].
        sizes: |b| at each position, ascending, [P].
        ends: for each s up to the largest |b|: how many images have at most s tags.
        columns: of each frequent tag, 1 where the image has it, whole numbers [P] that can hold any |a ∩ b|.
        postings: of each other tag, the positions that have it.
    """

    index: list[int]
    position: np.ndarray
    sizes: list[int]
    ends: list[int]
    columns: dict[int, np.ndarray]
    postings: dict[int, np.ndarray]


def _indexed(pool: np.ndarray, memory: int) -> _Pool:
    starts, tags = _flat(pool)
    sizes = np.diff(starts)
    index = np.argsort(sizes, kind="stable")
    position = np.argsort(index)
    images = np.bincount(tags)
    rows = np.repeat(position, sizes)
    of_tag = np.split(rows[np.lexsort((rows, tags))], np.cumsum(images)[:-1])
    number = np.min_scalar_type(int(sizes.max()))
    frequent = np.argsort(-images, kind="stable")[: memory // (len(pool) * number.itemsize)]
    columns = {}
    for tag in frequent[images[frequent] > len(pool) / _FREQUENT].tolist():
        columns[tag] = np.zeros(len(pool), number)
        columns[tag][of_tag[tag]] = 1
    return _Pool(
        index=index.tolist(),
        position=position,
        sizes=sizes[index].tolist(),
        ends=np.cumsum(np.bincount(sizes)).tolist(),
        columns=columns,
        postings={tag: places for tag, places in enumerate(of_tag) if tag not in columns},
    )


class _Search:
    """Searches a pool for the `count` nearest that share a tag, one query at a time."""

    def __init__(self, pool: _Pool, count: int):
        self._pool, self._count = pool, count
        self._overlaps = np.zeros(len(pool.index), np.min_scalar_type(len(pool.ends) - 1))
        self._equal = np.zeros(len(pool.index), bool)

    def __call__(self, tags: Sequence[int], itself: int | None = None) -> list[int]:
        """Indices of the nearest, fewer than `count` where no more share a tag; never `itself`."""
        pool = self._pool
        near: list[tuple[float, int]] = []
        self._add_up(tags)
        if itself is not None:
            self._overlaps[pool.position[itself]] = 0
        for overlap in range(int(self._overlaps.max()), 0, -1):
            worst = -near[-1][0] if len(near) == self._count else 0.0
            if worst > overlap / len(tags):  # their union is no smaller than a
                break
            for place in self._first(overlap, self._reach(overlap, worst, len(tags))):
                union = len(tags) + pool.sizes[place] - overlap
                near.append((-overlap / union, pool.index[place]))
            near = sorted(near)[: self._count]
        return [image for _, image in near]

    def _add_up(self, tags: Sequence[int]) -> None:
        """|a ∩ b| of every b."""
        self._overlaps.fill(0)
        for tag in tags:
            if tag in self._pool.columns:
                np.add(self._overlaps, self._pool.columns[tag], out=self._overlaps)
            elif tag in self._pool.postings:
                self._overlaps[self._pool.postings[tag]] += 1

    def _reach(self, overlap: int, worst: float, size: int) -> int:
        """Before which position |b| is small enough for `overlap` to give a similarity of `worst`."""
        if not worst:
            return len(self._pool.index)
        largest = int(overlap / worst + 1e-6) + overlap - size
        return self._pool.ends[min(largest, len(self._pool.ends) - 1)]

    def _first(self, overlap: int, end: int) -> list[int]:
        """The first `count` positions before `end` that have this overlap."""
        places: list[int] = []
        equal, start = self._equal[:end], 0
        np.equal(self._overlaps[:end], overlap, out=equal)
        while len(places) < self._count and start < end:
            start += int(equal[start:].argmax())
            if not equal[start]:
                break
            places.append(start)
            start += 1
        return places
