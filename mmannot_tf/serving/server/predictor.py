"""Images and tags of requests through the engine: checked, decoded on threads, batched."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from mmannot_tf.data.images import resize
from mmannot_tf.data.tag_lists import stacked
from mmannot_tf.serving.annotate import Annotator
from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from mmannot_tf.serving.reading import Decoder, UnreadableError
from mmannot_tf.serving.server.batching import Batcher
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.values import ANY, array

MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""How JPEG and PNG begin; what begins otherwise is not shown to any parser."""
Row = tuple[np.ndarray, np.ndarray]
"""Pixels float32 [S, S, 3] and a tag vector float32 [T]."""


class Predictor:
    """The model as requests use it.

    Attributes:
        annotator: the model with its engine.
        batcher: through which every image goes.
    """

    def __init__(self, annotator: Annotator, limits: Limits, metrics: Metrics):
        """`metrics` counts images and batches."""
        model = annotator.model
        self.annotator, self._limits, self._metrics = annotator, limits, metrics
        self._decoder = Decoder(size=model.image_size, sampling=model.resize, most_pixels=limits.pixels)
        self.batcher: Batcher[Row, NetworkOutputs] = Batcher(
            self._run, most=limits.batch_size, wait_seconds=limits.wait_seconds
        )
        self._threads = ThreadPoolExecutor(os.cpu_count(), "decode")
        self._places = asyncio.Semaphore(limits.rows)

    async def start(self) -> None:
        """Begins to take images."""
        await self.batcher.start()

    async def stop(self) -> None:
        """Ends, when all requests are answered."""
        await self.batcher.stop()
        self._threads.shutdown()

    def decode(self, encoded: bytes) -> np.ndarray:
        """A JPEG or PNG to pixels float32 [S, S, 3].

        Raises:
            UnreadableError: it is none, broken, or too large.
        """
        if not encoded.startswith(MAGIC):
            raise UnreadableError("no JPEG or PNG")
        return self._decoder(encoded)

    def resize(self, nested: Any) -> np.ndarray:
        """Nested lists of an image's pixels, [H, W, 3] of 0 to 255, to pixels float32 [S, S, 3].

        Raises:
            RequestError: they are no such image.
        """
        model = self.annotator.model
        pixels = array("image", nested, (ANY, ANY, 3), high=255).astype(np.uint8)
        return resize(tf.constant(pixels), model.image_size, model.resize).numpy()

    def network_image(self, nested: Any) -> np.ndarray:
        """Nested lists of the network's input, [S, S, 3] of 0 to 255, to the same in float32.

        Raises:
            RequestError: they are no such image.
        """
        size = self.annotator.model.image_size
        return array("image", nested, (size, size, 3), high=255).astype(np.float32)

    async def __call__(
        self, read: Callable[[Any], np.ndarray], images: Sequence[Any], lists: np.ndarray
    ) -> list[NetworkOutputs | UnreadableError]:
        """Annotates a request's images; each joins whatever batch it comes in time for.

        Args:
            read: a method of this class, from an image as it came to pixels.
            images: as they came.
            lists: of their tags, int32 [B, L].

        Returns:
            For each image its answer, a batch of one, or why it cannot be read.

        Raises:
            RequestError: an image is not what `read` takes.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                asked = [
                    tasks.create_task(self._one(read, image, tags))
                    for image, tags in zip(images, lists, strict=True)
                ]
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return [one.result() for one in asked]

    async def _one(
        self, read: Callable[[Any], np.ndarray], image: Any, tags: np.ndarray
    ) -> NetworkOutputs | UnreadableError:
        async with self._places:
            loop = asyncio.get_running_loop()
            try:
                pixels = await loop.run_in_executor(self._threads, read, image)
            except UnreadableError as error:
                return error
            return await self.batcher((pixels, tags))

    def _run(self, rows: Sequence[Row]) -> list[NetworkOutputs]:
        pixels, lists = zip(*rows, strict=True)
        tags = stacked([one[np.newaxis] for one in lists])
        outputs = self.annotator.run(NetworkInputs(np.stack(pixels), tags))
        self._metrics.batch_images.observe(len(rows))
        return [
            NetworkOutputs(*(getattr(outputs, name)[row : row + 1] for name in NETWORK_OUTPUTS))
            for row in range(len(rows))
        ]


def joined(answers: Sequence[NetworkOutputs]) -> NetworkOutputs:
    """Answers to single images as one batch."""
    return NetworkOutputs(
        *(np.concatenate([getattr(one, name) for one in answers]) for name in NETWORK_OUTPUTS)
    )
