"""Decodes photographs by Pillow, which starts in a tenth of a second; TensorFlow takes several."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tfrecords_tools.photographs.encoded import MAX_PIXELS, encoded_photograph
from tfrecords_tools.photographs.pillow_decoding import (
    UnusualImageError,
    decode_by_pillow,
    pixels_by_pillow,
)
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow_late

if TYPE_CHECKING:
    from mmannot_tf.data.images import Sampling
    from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
    from tfrecords_tools.photographs.decoding import Orientation


class PillowDecoder:
    """Decodes photographs to the pixels of `GraphDecoder`, within 0.01 of 255: sums of floats differ.

    An image that Pillow may read otherwise than TensorFlow, or refuses, is decoded by `GraphDecoder`. The
    first one imports TensorFlow. Of 12,000 images damaged at random Pillow decoded one that TensorFlow
    refuses.
    """

    def __init__(
        self,
        *,
        size: int,
        sampling: "Sampling",
        orientation: "Orientation",
        max_pixels: int = MAX_PIXELS,
    ):
        """Takes the arguments of `GraphDecoder`."""
        self._size, self._sampling, self._orientation = size, sampling, orientation
        self._max_pixels = max_pixels
        self._graph: GraphDecoder | None = None
        self._lock = threading.Lock()

    def graph(self) -> "GraphDecoder":
        """The decoder in a graph with the same arguments; the first call imports TensorFlow."""
        with self._lock:
            if self._graph is None:
                import_tensorflow_late()

                from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder

                self._graph = GraphDecoder(
                    size=self._size,
                    sampling=self._sampling,
                    orientation=self._orientation,
                    max_pixels=self._max_pixels,
                )
            return self._graph

    def __call__(self, photograph: Path | bytes) -> np.ndarray:
        """Decodes a photograph, see `Decoder`."""
        encoded = encoded_photograph(photograph, max_pixels=self._max_pixels).content
        try:
            image = decode_by_pillow(
                encoded,
                turn=self._orientation == "exif",
                at_least=self._size if self._sampling == "antialiased" else None,
                max_pixels=self._max_pixels,
            )
        except UnusualImageError:
            return self.graph()(encoded)
        return _resized(image, self._size, self._sampling)

    def count_pixels(self, encoded: bytes) -> int:
        """The number of an image's pixels, see `Decoder`."""
        try:
            return pixels_by_pillow(encoded, max_pixels=self._max_pixels)
        except UnusualImageError:
            return self.graph().count_pixels(encoded)

    def resize(self, pixels: np.ndarray) -> np.ndarray:
        """Resizes pixels, see `Decoder`."""
        return _resized(Image.fromarray(pixels), self._size, self._sampling)


def _resized(image: Image.Image, size: int, sampling: "Sampling") -> np.ndarray:
    """Resizes an RGB image as `data.images.resize` does, to float32 [size, size, 3]."""
    if sampling != "antialiased":
        return _interpolated(np.asarray(image), size, offset=0.5 if sampling == "half_pixel" else 0.0)
    square = (size, size)
    # Pillow resizes bytes to bytes; a band of floats keeps the fractions.
    bands = [band.convert("F").resize(square, Image.Resampling.BILINEAR) for band in image.split()]
    return np.stack([np.asarray(band) for band in bands], axis=-1)


def _interpolated(pixels: np.ndarray, size: int, *, offset: float) -> np.ndarray:
    """Interpolates between four pixels, as TensorFlow's ResizeBilinear.

    Args:
        pixels: uint8 [H, W, 3].
        size: side of the result.
        offset: where in a pixel its value is: 0.5 for its centre, 0 for its corner.

    Returns:
        float32 [size, size, 3].
    """
    height, width, _ = pixels.shape
    above, below, down = _neighbours(height, size, offset)
    left, right, across = _neighbours(width, size, offset)
    across, down = across[:, np.newaxis], down[:, np.newaxis, np.newaxis]

    def row(index: np.ndarray) -> np.ndarray:
        first, second = (pixels[index][:, columns].astype(np.float32) for columns in (left, right))
        return first + (second - first) * across

    top = row(above)
    return top + (row(below) - top) * down


def _neighbours(length: int, size: int, offset: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and behind each output pixel, int [size], and its distance from the first."""
    half = np.float32(offset)
    position = (np.arange(size, dtype=np.float32) + half) * np.float32(length / size) - half
    first = np.floor(position)
    before = np.maximum(first, 0).astype(int)
    behind = np.minimum(np.ceil(position), length - 1).astype(int)
    return before, behind, position - first
