"""Requests that mean no good: each gets an error of its own and the server goes on."""

import json
import signal
import struct
import threading
import zlib

import numpy as np

from .conftest import b64, photo

PREDICT = "/v1/models/photos:predict"
WRONG = [
    None,
    True,
    3,
    1.5,
    1e400,
    -(10**30),
    "x",
    "\ud800",
    [],
    [[]],
    {},
    {"b64": 1},
    {"b64": "!"},
    {"a": "b"},
]


def bomb(width, height):
    """A PNG of a few bytes whose header promises many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def images():
    """Over 120 things that are no image."""
    rng = np.random.default_rng(0)
    for form in ("PNG", "JPEG"):
        whole = photo(form=form)
        yield from (whole[:length] for length in np.linspace(0, len(whole) // 2, 30, dtype=int))
        for _ in range(30):
            broken = bytearray(whole)
            broken[: 2 + rng.integers(1, 30)] = rng.bytes(4)
            yield bytes(broken)
    yield from (bomb(*size) for size in ((1 << 15, 1 << 15), (1 << 31, 1), (0, 0), (99_999, 99_999)))
    yield from (
        b"GIF89a" + bytes(50),
        b"%!PS-Adobe",
        b"/etc/passwd",
        b"file:///etc/passwd",
        b"http://127.0.0.1/",
    )


def bodies():
    """Over 80 bodies that are no request."""
    yield from (b"", b"{", b"nan", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"9" * 10_000)
    for value in WRONG:
        for body in (
            value,
            {"instances": value},
            {"inputs": value},
            {"instances": [value]},
            {"instances": [{"image": value, "tags": ""}]},
            {"instances": [{"image": b64(photo()), "tags": 7 if value in (None, "x") else value}]},
            {"signature_name": value or 7, "instances": []},
        ):
            yield json.dumps(body).encode()


def test_no_image_is_a_failure_of_the_server(client):
    cases = list(images())
    assert len(cases) > 120
    for raw in cases:
        answer = client.post(PREDICT, json={"instances": [{"image": b64(raw), "tags": ""}]})
        assert answer.status_code in (200, 400), (raw[:40], answer.text)
        assert ("error" in answer.json()) == (answer.status_code == 400)
    assert client.get("/healthz").json() == {"status": "ok"}


def test_no_body_is_a_failure_of_the_server(client):
    cases = list(bodies())
    assert len(cases) > 80
    for body in cases:
        answer = client.post(PREDICT, content=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), (body[:60], answer.text)
    assert client.get("/healthz").status_code == 200


def test_an_upload_answers_image_by_image(client):
    files = [("images", ("../../etc/passwd", photo())), ("images", ("b\u00e9.png", b"no image"))]
    results = client.post("/annotate", files=files, data={"tags": "beach"}).json()["results"]
    assert [one["label"] for one in results[0]["annotations"]] == ["sky", "sea"]
    assert results[1]["error"] == "no JPEG or PNG"


def test_forms_that_are_none(client):
    header = {"content-type": "multipart/form-data; boundary=x"}
    for content in (
        b"",
        b"--x",
        b"--x\r\n\r\n",
        b"--y--",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n--x--",
    ):
        assert client.post("/annotate", content=content, headers=header).status_code == 400
    assert client.post("/annotate", data={"images": "/etc/passwd"}).status_code == 415


def test_a_body_that_is_too_large(start):
    client = start(body_bytes=1000).client
    for content in (b"x" * 1001, (part for part in [b"x" * 600] * 2)):
        assert client.post(PREDICT, content=content).status_code == 413


def test_too_many_images(start):
    instances = [{"image": b64(photo()), "tags": ""}] * 2
    assert start(images=1).client.post(PREDICT, json={"instances": instances}).status_code == 400


def test_a_slow_answer_is_given_up(start):
    running = start(seconds=0.2)
    running.engine.seconds = 0.5
    answer = running.client.post(PREDICT, json={"instances": [{"image": b64(photo())}]})
    assert answer.status_code == 504


def test_a_failing_engine_shows_no_traceback(running):
    running.engine.fault = ValueError("secret")
    answer = running.client.post(PREDICT, json={"instances": [{"image": b64(photo())}]})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert 'status="500"' in running.client.get("/metrics").text


def test_requests_in_hand_are_finished_and_share_a_batch(running):
    running.engine.seconds = 0.3
    found = []
    body = {"instances": [{"image": b64(photo())}] * 4}
    thread = threading.Thread(target=lambda: found.append(running.client.post(PREDICT, json=body)))
    thread.start()
    while not running.engine.batches:
        thread.join(0.02)
    running.server.handle_exit(signal.SIGTERM, None)
    thread.join(10)
    assert found[0].status_code == 200
    assert sum(running.engine.batches) == 4
