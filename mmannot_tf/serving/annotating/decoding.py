"""Decodes photographs into network input, on threads."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from mmannot_tf.data.images import decode, resize
from mmannot_tf.serving.inputs.photographs import Photograph
from tfrecords_tools.shell.errors import one_line

FORMATS = frozenset({"JPEG", "MPO", "PNG"})
"""Pillow's names. MPO holds several pictures in one JPEG, as phones write it; the first is read."""
MAX_PIXELS = 178_956_970
"""Pillow refuses to open larger images; twice its warning limit, 0.5 GB decoded."""
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""The second is raised only where warnings are errors."""


@dataclass(frozen=True, eq=False)
class DecodedPhotograph:
    """A photograph's pixels, or why there are none.

    Attributes:
        photograph: its file.
        pixels: float32 [S, S, 3], RGB from 0 to 255; None if it could not be read.
        error: why it could not be read, in one line; empty otherwise.
    """

    photograph: Photograph
    pixels: np.ndarray | None
    error: str = ""


class UnreadableError(Exception):
    """Says in one line why bytes are not an image that can be annotated."""


class Decoder:
    """Decodes images with the operations of the SavedModel's own graph, so the pixels are the same."""

    def __init__(self, *, size: int, sampling: str, max_pixels: int = MAX_PIXELS):
        """Builds the graph.

        Args:
            size: S, in pixels.
            sampling: as in `data.images.resize`.
            max_pixels: the largest image accepted, by its header.
        """
        self._max_pixels = max_pixels
        encoded = tf.TensorSpec([], tf.string)
        self._graph = tf.function(
            lambda image: resize(decode(image), size, sampling), input_signature=[encoded]
        )

    def __call__(self, encoded: bytes) -> np.ndarray:
        """Decodes a JPEG or PNG to float32 [S, S, 3], RGB from 0 to 255. Thread-safe.

        Raises:
            UnreadableError: it has another format, is broken, truncated or too large.
        """
        _check_header(encoded, self._max_pixels)
        try:
            return self._graph(tf.constant(encoded)).numpy()
        except tf.errors.OpError as error:
            raise UnreadableError(one_line(error)) from None


def _check_header(encoded: bytes, max_pixels: int) -> None:
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            image_format, (width, height) = image.format, image.size
    except UnidentifiedImageError:
        raise UnreadableError("not an image that Pillow can read") from None
    except (OSError, SyntaxError, ValueError, *BOMBS) as error:
        raise UnreadableError(str(error)) from None
    if image_format not in FORMATS:
        raise UnreadableError(f"{image_format}, not JPEG or PNG")
    if width * height > max_pixels:
        raise UnreadableError(f"{width} x {height} pixels, more than {max_pixels:,}")


def decode_photographs(
    photographs: Iterable[Photograph], decoder: Callable[[bytes], np.ndarray], *, prefetch: int
) -> Iterator[DecodedPhotograph]:
    """Reads and decodes photographs in order, on as many threads as there are cores.

    Args:
        photographs: iterated as results are requested.
        decoder: turns bytes into pixels, see `Decoder`.
        prefetch: the largest number decoded before they are requested.
    """

    def decoded(photograph: Photograph) -> DecodedPhotograph:
        try:
            return DecodedPhotograph(photograph, decoder(photograph.path.read_bytes()))
        except UnreadableError as error:
            return DecodedPhotograph(photograph, None, str(error))
        except OSError as error:
            return DecodedPhotograph(photograph, None, error.strerror or str(error))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
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
