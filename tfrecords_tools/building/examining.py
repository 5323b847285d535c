"""Reads and decodes images before they become records, in several processes."""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from tfrecords_tools.building.images import checked_photograph
from tfrecords_tools.photographs.encoded import Original
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.reading.example import Example, vector_digest
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow
from tfrecords_tools.shell.threads import thread_count

CHUNK = 32
"""Images per task; sending a task to another process costs about as much as decoding a small image."""
AHEAD = 4
"""Chunks in flight per process."""
STARTING_SECONDS = 8.0
"""Other processes take this long to start: each of them imports TensorFlow, whose decoder they use."""

Outcome = tuple[bytes | None, str, str, Original | None]
"""The image, content, reason and original of an `ExaminedImage`; the example is not sent back."""


@dataclass(frozen=True)
class ExaminedImage:
    """An example and the result of reading its image.

    Attributes:
        example: the example.
        image: JPEG or PNG bytes, empty for a vector; None if it is unreadable or the bytes are not wanted.
        content: SHA-256 of the bytes in hexadecimal; empty if the image is unreadable.
        reason: why the image is unreadable; empty if it is readable.
        original: what the file was, if `image` was converted from another format.
    """

    example: Example
    image: bytes | None
    content: str
    reason: str
    original: Original | None = None


def examine(
    examples: Iterable[Example], *, workers: int | None = 0, images: bool = True, quick: bool = False
) -> Iterator[ExaminedImage]:
    """Reads the image of every example, in order.

    Args:
        examples: the examples.
        workers: processes that read the images; 0 reads in this process. None starts one per core as soon as
            reading here has taken as long as starting them takes. They are spawned, so a script that passes
            more than 0 or None needs `if __name__ == "__main__":`. Vectors need 0.
        images: False leaves the bytes out of the results.
        quick: as in `checked_photograph`.
    """
    read = partial(examine_one, images=images, quick=quick)
    remaining, cores = iter(examples), thread_count()
    if workers is None and cores > 1:
        yield from _in_this_process(remaining, read, seconds=STARTING_SECONDS)
        workers = cores
    if not workers:
        yield from _in_this_process(remaining, read)
        return
    start = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=start, initializer=_start_worker)
    try:
        yield from _in_order(pool, _chunks(remaining), read, ahead=AHEAD * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_this_process(
    examples: Iterator[Example], read: Callable[[Example], ExaminedImage], *, seconds: float = math.inf
) -> Iterator[ExaminedImage]:
    """Stops once the reading, without what the caller does meanwhile, has taken `seconds`."""
    taken = 0.0
    while taken < seconds and (example := next(examples, None)) is not None:
        begun = time.monotonic()
        examined = read(example)
        taken += time.monotonic() - begun
        yield examined


def examine_one(example: Example, *, images: bool = True, quick: bool = False) -> ExaminedImage:
    """Reads the image of one example, or looks at its vector; arguments as for `examine`."""
    if example.vector is not None:
        return _examined_vector(example, example.vector)
    try:
        photograph = checked_photograph(example.image, quick=quick)
    except UnreadableImageError as error:
        return ExaminedImage(example, None, "", str(error))
    content = photograph.content
    digest = hashlib.sha256(content).hexdigest()
    return ExaminedImage(example, content if images else None, digest, "", photograph.original)


def _examined_vector(example: Example, vector: np.ndarray) -> ExaminedImage:
    if not np.isfinite(vector).all():
        return ExaminedImage(example, None, "", "a vector with a number that is not finite")
    return ExaminedImage(example, b"", vector_digest(vector), "")


def _chunks(examples: Iterable[Example]) -> Iterator[tuple[Example, ...]]:
    remaining = iter(examples)
    while chunk := tuple(islice(remaining, CHUNK)):
        yield chunk


def _in_order(
    pool: Executor,
    chunks: Iterable[tuple[Example, ...]],
    read: Callable[[Example], ExaminedImage],
    *,
    ahead: int,
) -> Iterator[ExaminedImage]:
    pending: deque[tuple[tuple[Example, ...], Future[list[Outcome]]]] = deque()
    try:
        for chunk in chunks:
            sources = [example.image for example in chunk]
            pending.append((chunk, pool.submit(_outcomes, sources, read)))
            if len(pending) > ahead:
                yield from _results(*pending.popleft())
        while pending:
            yield from _results(*pending.popleft())
    except BrokenProcessPool:
        raise UserError(
            "processes that read images must not end. Received: one was killed, perhaps for lack of memory. "
            "Pass fewer --workers."
        ) from None


def _results(chunk: tuple[Example, ...], future: Future[list[Outcome]]) -> Iterator[ExaminedImage]:
    for example, outcome in zip(chunk, future.result(), strict=True):
        yield ExaminedImage(example, *outcome)


def _outcomes(sources: list[Path | bytes], read: Callable[[Example], ExaminedImage]) -> list[Outcome]:
    """Reads images in another process."""
    results = (read(Example("", source, (), ())) for source in sources)
    return [(result.image, result.content, result.reason, result.original) for result in results]


def _start_worker() -> None:
    """Leaves SIGINT to the parent process, and says nothing of what TensorFlow says when it starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import_tensorflow()
