"""Items of many callers share batches: how many, how long they wait, and whose error it is."""

import asyncio
import time

import pytest

from mmannot_tf.serving.server.batching import Batcher


def _batched(body, *, max_items=4, wait_seconds=0.05, run=None):
    """What the body returned, and the batches that were run."""
    batches = []

    def keep(items):
        batches.append(list(items))
        return run(items) if run else [2 * item for item in items]

    async def go():
        batcher = Batcher(keep, max_items=max_items, wait_seconds=wait_seconds)
        await batcher.start()
        try:
            return await body(batcher)
        finally:
            await batcher.stop()

    return asyncio.run(go()), batches


def test_callers_share_full_batches_and_get_their_own_answers():
    async def body(batcher):
        return await asyncio.gather(*(batcher(item) for item in range(10)))

    answers, batches = _batched(body)
    assert answers == [2 * item for item in range(10)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_one_alone_waits_no_longer_than_it_may():
    async def body(batcher):
        begun = time.perf_counter()
        await batcher(1)
        return time.perf_counter() - begun

    seconds, batches = _batched(body, wait_seconds=0.2)
    assert 0.2 <= seconds < 2
    assert batches == [[1]]


def test_while_a_batch_runs_the_next_ones_gather():
    def run(items):
        time.sleep(0.2)
        return items

    async def body(batcher):
        first = asyncio.create_task(batcher(0))
        await asyncio.sleep(0.05)
        return await asyncio.gather(first, *(batcher(item) for item in (1, 2, 3)))

    answers, batches = _batched(body, wait_seconds=0.0, run=run)
    assert answers == [0, 1, 2, 3]
    assert batches[0] == [0]
    assert [item for batch in batches[1:] for item in batch] == [1, 2, 3]


def test_an_error_is_its_batchs_alone():
    def run(items):
        if 0 in items:
            raise ValueError("zero")
        return items

    async def body(batcher):
        return await asyncio.gather(*(batcher(item) for item in range(6)), return_exceptions=True)

    answers, _ = _batched(body, run=run)
    assert [type(answer) for answer in answers] == [ValueError] * 4 + [int] * 2
    assert answers[4:] == [4, 5]


def test_too_few_answers_are_an_error():
    async def body(batcher):
        with pytest.raises(ValueError, match="zip"):
            await batcher(1)
        return batcher.alive

    alive, _ = _batched(body, run=lambda _: [])
    assert alive


def test_who_has_given_up_is_left_out():
    async def body(batcher):
        kept, gone = asyncio.create_task(batcher(1)), asyncio.create_task(batcher(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await kept

    answer, batches = _batched(body)
    assert (answer, batches) == (2, [[1]])
