"""Decodes photographs into network input, on threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmannot_tf.data.images import Sampling, decode_resized
from mmannot_tf.serving.inputs.photograph import Photograph
from tfrecords_tools.photographs.decoding import Orientation, check_size, decoder_errors
from tfrecords_tools.photographs.encoded import MAX_PIXELS, encoded_photograph
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


class Decoder:
    """Decodes images with the operations of the SavedModel's own graph, so the pixels are the same."""

    def __init__(
        self, *, size: int, sampling: Sampling, orientation: Orientation, max_pixels: int = MAX_PIXELS
    ):
        """Builds the graph.

        Args:
            size: S, in pixels.
            sampling: as in `data.images.decode_resized`.
            orientation: as in `data.images.decode_resized`.
            max_pixels: the largest image accepted, by its header.
        """
        self._max_pixels = max_pixels
        encoded = tf.TensorSpec([], tf.string)
        self._graph = tf.function(
            lambda image: decode_resized(image, size=size, sampling=sampling, orientation=orientation),
            input_signature=[encoded],
        )

    def __call__(self, photograph: Path | bytes) -> np.ndarray:
        """Decodes a photograph to float32 [S, S, 3], RGB from 0 to 255. Thread-safe.

        Args:
            photograph: its file or its bytes, of a format of `photographs.formats`.

        Raises:
            UnreadableImageError: it is missing, no regular file, of another format, broken or too large.
        """
        encoded = encoded_photograph(photograph, max_pixels=self._max_pixels).content
        check_size(encoded, max_pixels=self._max_pixels)
        with decoder_errors():
            return self._graph(tf.constant(encoded)).numpy()


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
