"""Requests share forward passes: single items are gathered into batches. No TensorFlow."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Gathers items for `run` until there are enough or the first has waited long enough.

    `run` has a thread of its own and is never called twice at once; meanwhile the next items queue.
    An item whose caller has given up is left out.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Answer]], *, most: int, wait_seconds: float):
        """`run` answers a batch of at most `most` items in their order."""
        self._run, self._most, self._wait = run, most, wait_seconds
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Answer]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "engine")
        self._task: asyncio.Task | None = None

    async def start(self) -> None:
        """Begins to take items."""
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Ends; whoever has asked must have been answered."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    @property
    def alive(self) -> bool:
        """Whether items are taken."""
        return self._task is not None and not self._task.done()

    async def __call__(self, item: Item) -> Answer:
        """The answer to one item.

        Raises:
            Exception: what `run` raised on its batch.
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
                while len(batch) < self._most:
                    batch.append(await self._queue.get())
        except TimeoutError:
            pass
        return batch
