"""Reads and decodes images once, several processes at a time, before they become records."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tfrecords_tools.building.images import UnreadableImageError, checked
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError

CHUNK = 32
"""Images a task: the way to another process and back costs about as much as decoding a small image."""
AHEAD = 4
"""Chunks in flight for each process."""
WORTHWHILE = 1000
"""Fewer images than this are examined here: other processes take a second to start."""


@dataclass(frozen=True)
class Examined:
    """An example after its image was read.

    Attributes:
        example: as it was given.
        image: the encoded bytes, or None where they are unreadable or were not asked for.
        content: SHA-256 of the bytes, in hexadecimal; empty where they are unreadable.
        reason: why the image is unreadable; empty where it is not.
    """

    example: Example
    image: bytes | None
    content: str
    reason: str


def processes(workers: int | None, images: int) -> int:
    """How many other processes examine the images: `workers`, or by None what suits so many images."""
    if workers is not None:
        return workers
    return (os.cpu_count() or 1) if images >= WORTHWHILE else 0


def examine(examples: Iterable[Example], *, workers: int = 0, images: bool = True) -> Iterator[Examined]:
    """Every example with what became of its image, in order.

    Args:
        examples: whose images are read.
        workers: other processes that read them; 0 reads here. They are started afresh, so a script that
            passes more than 0 needs its `if __name__ == "__main__":`.
        images: False leaves the bytes out of the results.
    """
    if not workers:
        yield from (examined(example, images=images) for example in examples)
        return
    start = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=start, initializer=_leave_interrupts_to_the_parent)
    try:
        yield from _in_order(pool, _chunks(examples), images=images, ahead=AHEAD * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def examined(example: Example, *, images: bool = True) -> Examined:
    """One example with what became of its image."""
    try:
        content = checked(example.image)
    except UnreadableImageError as error:
        return Examined(example, None, "", str(error))
    return Examined(example, content if images else None, hashlib.sha256(content).hexdigest(), "")


def _chunks(examples: Iterable[Example]) -> Iterator[tuple[Example, ...]]:
    remaining = iter(examples)
    while chunk := tuple(islice(remaining, CHUNK)):
        yield chunk


def _in_order(
    pool: Executor, chunks: Iterable[tuple[Example, ...]], *, images: bool, ahead: int
) -> Iterator[Examined]:
    pending: deque[tuple[tuple[Example, ...], Future]] = deque()
    try:
        for chunk in chunks:
            given = [example.image for example in chunk]
            pending.append((chunk, pool.submit(_outcomes, given, images=images)))
            if len(pending) > ahead:
                yield from _arrived(*pending.popleft())
        while pending:
            yield from _arrived(*pending.popleft())
    except BrokenProcessPool:
        raise UserError(
            "processes that read images must live. Received: one was killed, as by a lack of memory. "
            "Pass fewer --workers."
        ) from None


def _arrived(chunk: tuple[Example, ...], future: Future) -> Iterator[Examined]:
    for example, (image, content, reason) in zip(chunk, future.result(), strict=True):
        yield Examined(example, image, content, reason)


def _outcomes(given: list[Path | bytes], *, images: bool) -> list[tuple[bytes | None, str, str]]:
    """What `Examined` holds beside the example, of each image: little to carry between processes."""
    ones = (examined(Example("", image, (), ()), images=images) for image in given)
    return [(one.image, one.content, one.reason) for one in ones]


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
