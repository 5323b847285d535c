"""Photographs to network input, several at a time, while something else computes."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from mmannot_tf.data.images import decode, resize
from mmannot_tf.serving.photographs import Photograph
from tfrecords_tools.shell.errors import plain

FORMATS = frozenset({"JPEG", "MPO", "PNG"})
"""As Pillow names them; MPO is how phones keep several pictures in one JPEG, of which the first is read."""
MOST_PIXELS = 178_956_970
"""Twice Pillow's limit, from where on it refuses to open an image; decoded, 0.5 GB."""
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""The second is raised only where warnings are errors."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What came of reading a photograph.

    Attributes:
        photograph: which.
        pixels: float32 [S, S, 3], RGB from 0 to 255; None where it could not be read.
        error: why not, in one line; empty where it could.
    """

    photograph: Photograph
    pixels: np.ndarray | None
    error: str = ""


class UnreadableError(Exception):
    """Why bytes are no image that can be annotated, in one line."""


class Decoder:
    """Encoded images to network input: the operations of the SavedModel's own graph, so the same pixels."""

    def __init__(self, *, size: int, sampling: str, most_pixels: int = MOST_PIXELS):
        """`size` is S, in pixels; `sampling` as `data.images.resize` has it; `most_pixels` by the header."""
        self._most_pixels = most_pixels
        encoded = tf.TensorSpec([], tf.string)
        self._graph = tf.function(
            lambda image: resize(decode(image), size, sampling), input_signature=[encoded]
        )

    def __call__(self, encoded: bytes) -> np.ndarray:
        """Decodes a JPEG or PNG: float32 [S, S, 3], RGB from 0 to 255. Threads may call it at once.

        Raises:
            UnreadableError: it is of another format, broken, cut short, or larger than allowed.
        """
        _check_header(encoded, self._most_pixels)
        try:
            return self._graph(tf.constant(encoded)).numpy()
        except tf.errors.OpError as error:
            raise UnreadableError(plain(error)) from None


def _check_header(encoded: bytes, most_pixels: int) -> None:
    try:
        with Image.open(io.BytesIO(encoded)) as opened:
            kind, (width, height) = opened.format, opened.size
    except UnidentifiedImageError:
        raise UnreadableError("no image that Pillow knows") from None
    except (OSError, SyntaxError, ValueError, *BOMBS) as error:
        raise UnreadableError(str(error)) from None
    if kind not in FORMATS:
        raise UnreadableError(f"{kind}, not JPEG or PNG")
    if width * height > most_pixels:
        raise UnreadableError(f"{width} x {height} pixels, more than {most_pixels:,}")


def readings(
    photographs: Iterable[Photograph], decoder: Callable[[bytes], np.ndarray], *, ahead: int
) -> Iterator[Reading]:
    """Reads photographs in order, on as many threads as there are cores.

    Args:
        photographs: taken from as readings are asked for.
        decoder: bytes to pixels, as `Decoder`.
        ahead: how many are read before they are asked for, at most.
    """

    def one(photograph: Photograph) -> Reading:
        try:
            return Reading(photograph, decoder(photograph.path.read_bytes()))
        except UnreadableError as error:
            return Reading(photograph, None, str(error))
        except OSError as error:
            return Reading(photograph, None, error.strerror or str(error))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        under_way: deque = deque()
        try:
            for photograph in photographs:
                under_way.append(threads.submit(one, photograph))
                if len(under_way) > ahead:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
