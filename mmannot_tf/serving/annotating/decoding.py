"""Decodes photographs into network input, on threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mmannot_tf.serving.inputs.photograph import Photograph
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.threads import thread_count


@dataclass(frozen=True, eq=False)
class DecodedPhotograph:
    """A photograph's pixels, or why there are none.

    Attributes:
        photograph: what was decoded.
        pixels: float32 [S, S, 3], RGB from 0 to 255; or why it could not be read.
    """

    photograph: Photograph
    pixels: np.ndarray | UnreadableImageError


def decode_photographs(
    photographs: Iterable[Photograph], decoder: Callable[[bytes], np.ndarray], *, prefetch: int
) -> Iterator[DecodedPhotograph]:
    """Reads and decodes photographs in order, on as many threads as `thread_count` says.

    Args:
        photographs: iterated as results are requested.
        decoder: turns a photograph's bytes into pixels, see `Decoder`.
        prefetch: the largest number decoded before they are requested.
    """

    def decoded(photograph: Photograph) -> DecodedPhotograph:
        try:
            return DecodedPhotograph(photograph, decoder(photograph.content()))
        except UnreadableImageError as error:
            return DecodedPhotograph(photograph, error)

    with ThreadPoolExecutor(thread_count()) as threads:
        pending: deque[Future[DecodedPhotograph]] = deque()
        try:
            for photograph in photographs:
                pending.append(threads.submit(decoded, photograph))
                if len(pending) > prefetch:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
