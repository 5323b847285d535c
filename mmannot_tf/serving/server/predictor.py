"""Runs the images and tags of requests through the engine: decoded on threads, in batches."""

import asyncio
import time
from collections.abc import Callable, Sequence

import numpy as np

from mmannot_tf.data.tag_lists import stacked
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from mmannot_tf.serving.server.batching import Batcher
from mmannot_tf.serving.server.decoding_threads import DecodingThreads
from mmannot_tf.serving.server.json_parsing import JsonValue
from mmannot_tf.serving.server.json_values import ANY, to_array
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import ModelMetrics
from tfrecords_tools.photographs.formats import format_of
from tfrecords_tools.photographs.unreadable import UnreadableImageError

Row = tuple[np.ndarray, np.ndarray, float]
"""Pixels float32 [S, S, 3], a tag list int32 [L], and when the image began to wait, by `perf_counter`."""


class Predictor:
    """Runs one version of a model for requests.

    Attributes:
        annotator: the model with its engine.
        batcher: gathers the images of all requests.
    """

    def __init__(
        self, annotator: Annotator, limits: Limits, metrics: ModelMetrics, decoding: DecodingThreads
    ):
        """`metrics` counts images and batches; all models and versions share the threads of `decoding`."""
        self.annotator, self._limits, self._metrics = annotator, limits, metrics
        self._decoding = decoding
        self._decoder = annotator.open_decoder(max_pixels=limits.pixels)
        self.batcher: Batcher[Row, NetworkOutputs] = Batcher(
            self._run, max_items=limits.batch_size, wait_seconds=limits.wait_seconds
        )

    async def start(self) -> None:
        """Starts to accept images."""
        await self.batcher.start()

    async def stop(self) -> None:
        """Stops; all requests must be answered before."""
        await self.batcher.stop()

    def decode(self, encoded: bytes) -> np.ndarray:
        """Decodes a photograph, of a format of `photographs.formats`, to pixels float32 [S, S, 3].

        Raises:
            UnreadableImageError: it has another format, is broken, or too large.
        """
        known = format_of(encoded)
        native = known is not None and known.native
        pixels = self._decoder.count_pixels(encoded) if native else self._limits.pixels
        with self._decoding.pixels.taken(pixels):
            return self._decoder(encoded)

    def resize(self, nested: JsonValue) -> np.ndarray:
        """Converts nested lists of an image's pixels, [H, W, 3] of 0 to 255, to pixels float32 [S, S, 3].

        Raises:
            RequestError: they are not such an image.
        """
        return self._decoder.resize(to_array("image", nested, (ANY, ANY, 3), high=255).astype(np.uint8))

    def network_image(self, nested: JsonValue) -> np.ndarray:
        """Converts nested lists of the network's input, [S, S, 3] of 0 to 255, to float32.

        Raises:
            RequestError: they are not such an image.
        """
        size = self.annotator.model.image_size
        return to_array("image", nested, (size, size, 3), high=255).astype(np.float32)

    def find_tags(self, texts: Sequence[str]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
        """Finds tags in the model's vocabulary, and counts the unknown ones; long texts take half a second.

        Args:
            texts: of several tags, one per image. Equal texts are split once.

        Returns:
            The images' tags, int32 [B, L], and each image's unknown tags, each once.
        """
        tags = self.annotator.tags
        distinct = [*dict.fromkeys(texts)]
        words = dict(zip(distinct, tags.split(distinct), strict=True))
        unknown = {text: tags.unknown(row) for text, row in words.items()}
        self._metrics.unknown_tags.inc(sum(len(unknown[text]) for text in texts))
        return tags.lists([words[text] for text in texts]), [unknown[text] for text in texts]

    async def __call__(
        self, loaders: Sequence[Callable[[], np.ndarray]], tag_lists: np.ndarray
    ) -> list[NetworkOutputs | UnreadableImageError]:
        """Annotates a request's images; each joins the next batch.

        Args:
            loaders: return the pixels of each image, by a method of this class.
            tag_lists: the images' tags, int32 [B, L].

        Returns:
            For each image the outputs, a batch of one, or why it cannot be read.

        Raises:
            RequestError: a loader raised it.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._annotate_image(load, tags))
                    for load, tags in zip(loaders, tag_lists, strict=True)
                ]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _annotate_image(
        self, load: Callable[[], np.ndarray], tags: np.ndarray
    ) -> NetworkOutputs | UnreadableImageError:
        with self._metrics.images_in_hand.track_inprogress():
            async with self._decoding.images:
                try:
                    pixels = await self._decoding.run(load)
                except UnreadableImageError as error:
                    self._metrics.unreadable_images.inc()
                    return error
                return await self.batcher((pixels, tags, time.perf_counter()))

    def _run(self, rows: Sequence[Row]) -> list[NetworkOutputs]:
        metrics, now = self._metrics, time.perf_counter()
        pixels, lists, waiting_since = zip(*rows, strict=True)
        for since in waiting_since:
            metrics.queue_seconds.observe(now - since)
        tags = stacked([tag_list[np.newaxis] for tag_list in lists])
        metrics.batch_images.observe(len(rows))
        with metrics.pass_seconds.time(), metrics.pass_errors.count_exceptions():
            outputs = self.annotator.run(NetworkInputs(np.stack(pixels), tags))
        metrics.images.inc(len(rows))
        return [
            NetworkOutputs(*(getattr(outputs, name)[row : row + 1] for name in NETWORK_OUTPUTS))
            for row in range(len(rows))
        ]


def concatenated(answers: Sequence[NetworkOutputs]) -> NetworkOutputs:
    """Concatenates the outputs of single images to one batch."""
    return NetworkOutputs(
        *(np.concatenate([getattr(answer, name) for answer in answers]) for name in NETWORK_OUTPUTS)
    )
