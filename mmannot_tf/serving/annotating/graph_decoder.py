"""Decodes photographs in a TensorFlow graph."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from mmannot_tf.data.images import Sampling, decode_resized, resize
from tfrecords_tools.photographs.decoding import Orientation, check_size, decoder_errors
from tfrecords_tools.photographs.encoded import MAX_PIXELS, encoded_photograph


class GraphDecoder:
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
        self._max_pixels, self._size, self._sampling = max_pixels, size, sampling
        encoded = tf.TensorSpec([], tf.string)
        self._graph = tf.function(
            lambda image: decode_resized(image, size=size, sampling=sampling, orientation=orientation),
            input_signature=[encoded],
        )

    def __call__(self, photograph: Path | bytes) -> np.ndarray:
        """Decodes a photograph, see `Decoder`."""
        encoded = encoded_photograph(photograph, max_pixels=self._max_pixels).content
        self.count_pixels(encoded)
        with decoder_errors():
            return self._graph(tf.constant(encoded)).numpy()

    def count_pixels(self, encoded: bytes) -> int:
        """The number of an image's pixels, see `Decoder`."""
        return check_size(encoded, max_pixels=self._max_pixels)

    def resize(self, pixels: np.ndarray) -> np.ndarray:
        """Resizes pixels, see `Decoder`."""
        return resize(tf.constant(pixels), self._size, self._sampling).numpy()
