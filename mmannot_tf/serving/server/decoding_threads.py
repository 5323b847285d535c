"""The threads that decode images, shared by all models and versions of a server."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.pixel_budget import PixelBudget
from tfrecords_tools.shell.threads import thread_count


class DecodingThreads:
    """Runs the decoding of images, on as many threads as `thread_count` says.

    Attributes:
        pixels: of the images that are decoded at the same time.
        images: places for decoded images; further ones wait encoded.
    """

    def __init__(self, limits: Limits):
        """`limits` says how many pixels and images there may be at once."""
        self.pixels = PixelBudget(limits.decoding_pixels)
        self.images = asyncio.Semaphore(limits.decoded_images)
        self._threads = ThreadPoolExecutor(thread_count(), "decode")

    async def run(self, load: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns what `load` returns, called on a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, load)

    def stop(self) -> None:
        """Stops; all requests must be answered before."""
        self._threads.shutdown()
