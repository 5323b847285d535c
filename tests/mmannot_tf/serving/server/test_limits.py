"""What a request may take, and what becomes of those that take more, leave, or meet an engine that fails."""

import asyncio
import json
import socket
import time

import httpx

PREDICT = "/v1/models/photos:predict"


def test_a_body_that_never_comes_is_given_up(start):
    running = start(seconds=0.3)
    with socket.create_connection(running.address, timeout=5) as connection:
        connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 10\r\n\r\n12".encode())
        assert b" 408 " in connection.recv(1 << 16).split(b"\r\n")[0]
    assert running.client.get("/healthz").json() == {"status": "ok"}


def test_who_leaves_is_forgotten(running, photo, b64):
    """Those who hang up while their images are computed hold no place."""
    running.engine.seconds = 0.2
    body = json.dumps({"instances": [{"image": b64(photo())}]}).encode()
    for _ in range(5):
        with socket.create_connection(running.address) as connection:
            head = f"POST {PREDICT} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            connection.sendall(head + body)
    running.engine.seconds = 0.0
    assert running.client.post(PREDICT, content=body).status_code == 200
    deadline = time.monotonic() + 10
    while "mmannot_requests_in_hand 1.0" not in running.client.get("/metrics").text:  # the one that asks
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 'status="500"' not in running.client.get("/metrics").text


def test_a_body_that_is_too_large(start):
    client = start(body_bytes=1000).client
    for content in (b"x" * 1001, (part for part in [b"x" * 600] * 2)):
        assert client.post(PREDICT, content=content).status_code == 413


def test_too_many_images(start, photo, b64):
    instances = [{"image": b64(photo()), "tags": ""}] * 2
    assert start(images=1).client.post(PREDICT, json={"instances": instances}).status_code == 400


def test_too_many_requests(start, photo, b64):
    """All but one are turned away at once, and told to come again; looking is always free."""
    running = start(requests=1)
    running.engine.seconds = 0.5
    body = {"instances": [{"image": b64(photo())}]}
    count = 4

    async def all_at_once():
        async with httpx.AsyncClient(base_url=running.client.base_url) as client:
            return await asyncio.gather(*(client.post(PREDICT, json=body) for _ in range(count)))

    held = asyncio.run(all_at_once())
    assert sorted(response.status_code for response in held) == [200, *[503] * (count - 1)]
    assert running.client.get("/healthz").json() == {"status": "ok"}


def test_a_slow_answer_is_given_up(start, photo, b64):
    running = start(seconds=0.2)
    running.engine.seconds = 0.5
    answer = running.client.post(PREDICT, json={"instances": [{"image": b64(photo())}]})
    assert answer.status_code == 504


def test_a_failing_engine_shows_no_traceback(running, photo, b64):
    running.engine.fault = ValueError("secret")
    answer = running.client.post(PREDICT, json={"instances": [{"image": b64(photo())}]})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert 'status="500"' in running.client.get("/metrics").text
    running.engine.fault = None
    assert running.client.post(PREDICT, json={"instances": [{"image": b64(photo())}]}).status_code == 200
