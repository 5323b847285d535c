"""Turns photographs into pixels: the interface, and which decoder an engine gets. Imports no TensorFlow."""

from pathlib import Path
from typing import Protocol

import numpy as np

from mmannot_tf.serving.annotating.pillow_decoder import PillowDecoder
from mmannot_tf.serving.engines.selection import needs_tensorflow
from mmannot_tf.serving.model import Model
from tfrecords_tools.photographs.encoded import MAX_PIXELS
from tfrecords_tools.shell.errors import UserError


class Decoder(Protocol):
    """Makes the network's input; its functions are thread-safe."""

    def __call__(self, photograph: Path | bytes) -> np.ndarray:
        """Decodes a photograph to float32 [S, S, 3], RGB from 0 to 255.

        Args:
            photograph: its file or its bytes, of a format of `photographs.formats`.

        Raises:
            UnreadableImageError: it is missing, no regular file, of another format, broken or too large.
        """
        ...

    def count_pixels(self, encoded: bytes) -> int:
        """The number of an image's pixels, by its header.

        Args:
            encoded: JPEG or PNG.

        Raises:
            UnreadableImageError: it is broken or too large.
        """
        ...

    def resize(self, pixels: np.ndarray) -> np.ndarray:
        """Resizes pixels, uint8 [H, W, 3], to float32 [S, S, 3]."""
        ...


def open_decoder(model: Model, engine: str, *, max_pixels: int = MAX_PIXELS) -> Decoder:
    """The decoder for a model: Pillow where the engine runs without TensorFlow.

    Args:
        model: from `open_model`.
        engine: a value of `EngineOptions.engine`.
        max_pixels: the largest image accepted, by its header.

    Raises:
        UserError: the model annotates vectors.
    """
    if model.vectors:
        raise UserError(
            f"a photograph needs a model of photographs. Received: {model.path}, which annotates vectors of "
            f"{model.vectors.model}. Call its SavedModel: docs/beyond.md."
        )
    pillow = PillowDecoder(
        size=model.image_size, sampling=model.resize, orientation=model.orientation, max_pixels=max_pixels
    )
    return pillow.graph() if needs_tensorflow(model, engine) else pillow
