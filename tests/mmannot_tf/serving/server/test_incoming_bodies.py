"""Bodies that arrive: which are given up for others, and what the server holds."""

import asyncio

import pytest

from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.incoming_bodies import IncomingBodies
from mmannot_tf.serving.server.limits import Limits


def _receiver(*parts, then=None):
    """Parts of a body, and then what `then` waits for."""
    waiting = list(parts)

    async def receive():
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": True}
        await (then or asyncio.sleep)(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


async def _for_ever(_):
    await asyncio.Event().wait()


def test_a_body_is_whole():
    assert asyncio.run(IncomingBodies(Limits()).receive(_receiver(b"ab", b"c"))) == b"abc"


def test_the_first_of_too_many_is_given_up():
    async def run():
        bodies = IncomingBodies(Limits(uploads=1))
        slow = asyncio.create_task(bodies.receive(_receiver(b"a", then=_for_ever)))
        await asyncio.sleep(0)
        assert await bodies.receive(_receiver(b"bc")) == b"bc"
        with pytest.raises(RequestError, match="slower") as given_up:
            await slow
        return given_up.value.status

    assert asyncio.run(run()) == 408


def test_bytes_that_are_held_are_bounded():
    async def run():
        bodies = IncomingBodies(Limits(held_bytes=10))
        with bodies.holding(8):
            with pytest.raises(RequestError) as refused, bodies.holding(8):
                pass
            with pytest.raises(RequestError, match="slower"):
                await bodies.receive(_receiver(b"abc", then=_for_ever))
        assert await bodies.receive(_receiver(b"abc")) == b"abc"
        return refused.value.status

    assert asyncio.run(run()) == 503


def test_a_body_must_keep_its_rate():
    bodies = IncomingBodies(Limits(upload_grace_seconds=0.05, upload_rate=1000))
    with pytest.raises(RequestError, match="1,000 bytes per second"):
        asyncio.run(bodies.receive(_receiver(b"a", then=_for_ever)))
