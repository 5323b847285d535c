"""Gathers single items of many requests into batches, so that they share forward passes."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Calls `run` when a batch is full or its first item has waited long enough.

    `run` has its own thread and runs one batch at a time; meanwhile the next items queue. An item whose
    caller was cancelled is dropped.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Sequence[Answer]], *, max_items: int, wait_seconds: float
    ):
        """`run` answers a batch of at most `max_items` items in their order."""
        self._run, self._max_items, self._wait = run, max_items, wait_seconds
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Answer]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "engine")
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts to accept items."""
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Stops; all callers must have been answered before."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)

    @property
    def alive(self) -> bool:
        """Whether items are accepted."""
        return self._task is not None and not self._task.done()

    async def __call__(self, item: Item) -> Answer:
        """Returns the answer to one item.

        Raises:
            Exception: `run` raised it on the item's batch.
        """
        future = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((item, future))
        return await future

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [(item, future) for item, future in await self._gathered() if not future.done()]
            if not batch:
                continue
            try:
                answers = await loop.run_in_executor(self._thread, self._run, [item for item, _ in batch])
                settled = list(zip(batch, answers, strict=True))
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in settled:
                if not future.done():
                    future.set_result(answer)

    async def _gathered(self) -> list[tuple[Item, "asyncio.Future[Answer]"]]:
        batch = [await self._queue.get()]
        try:
            async with asyncio.timeout(self._wait):
                while len(batch) < self._max_items:
                    batch.append(await self._queue.get())
        except TimeoutError:
            pass
        return batch
