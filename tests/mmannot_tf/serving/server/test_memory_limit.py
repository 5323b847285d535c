"""The memory of a server: shared out beside the models, and watched while requests are answered."""

import asyncio

import httpx
import numpy as np
import pytest
import served

from mmannot_tf.serving.server import memory_limit
from mmannot_tf.serving.server.limits import MIB, Limits
from mmannot_tf.serving.server.memory_limit import GIB, MemoryLimit, resident_bytes
from tfrecords_tools.shell.errors import UserError

PREDICT = "/v1/models/photos:predict"


@pytest.fixture
def resident(monkeypatch):
    """Sets what the process seems to have."""
    return lambda number: monkeypatch.setattr(memory_limit, "resident_bytes", lambda: number)


def test_resident_memory_grows_by_what_is_written():
    before = resident_bytes()
    array = np.ones(64 * MIB, np.uint8)
    assert 60 * MIB < resident_bytes() - before < 80 * MIB
    del array


def test_without_a_limit_nothing_changes(resident):
    resident(100 * GIB)
    limit = MemoryLimit(None)
    assert limit.limits(Limits()) == Limits()
    limit.check(others=5)


def test_what_is_left_is_shared_out(resident):
    resident(GIB)
    lowered = MemoryLimit(2 * GIB).limits(Limits())
    assert lowered.pixels == lowered.decoding_pixels == GIB // 2 // 15
    assert lowered.held_bytes == GIB // 4
    assert lowered.body_bytes == Limits().body_bytes
    assert lowered.requests == Limits().requests
    assert MemoryLimit(100 * GIB).limits(Limits()) == Limits()


def test_too_little_says_how_much_is_needed(resident):
    resident(GIB)
    with pytest.raises(UserError, match=r"must leave 512 MiB .*: 1\.5 GiB or more\. Received: 1\.4 GiB\."):
        MemoryLimit(round(1.4 * GIB)).limits(Limits())
    assert MemoryLimit(round(1.5 * GIB)).limits(Limits()).body_bytes == 16 * MIB


def test_a_system_that_does_not_say_refuses_a_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_limit, "STATM", tmp_path / "none")
    MemoryLimit(None)
    with pytest.raises(UserError, match="needs Linux"):
        MemoryLimit(GIB)


def test_requests_beside_others_wait_for_memory(serve, photo, b64, resident):
    """One of two requests at a time is answered, and each one alone."""
    resident(2 * GIB)
    engine = served.BrightnessEngine()
    engine.seconds = 0.5
    running = serve(served.annotator(engine), memory=GIB)
    body = {"instances": [{"image": b64(photo())}]}

    async def both():
        async with httpx.AsyncClient(base_url=running.client.base_url) as client:
            return await asyncio.gather(*(client.post(PREDICT, json=body) for _ in range(2)))

    answers = sorted(asyncio.run(both()), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 503]
    assert "no memory left" in answers[1].json()["error"]
    assert running.client.post(PREDICT, json=body).status_code == 200
