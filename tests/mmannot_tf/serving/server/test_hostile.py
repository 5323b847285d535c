"""Requests that mean no good: each gets an error of its own, none is the server's failure, and it goes on."""

import contextlib
import itertools
import json
import socket
import struct
import zlib
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

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
TAGS = [
    "\0",
    "beach\0",
    ",",
    "," * 60_000,
    " \t\n, ",
    "\u202ebeach",
    "be\u200bach",
    "e\u0301" * 1000,
    "\U0001f3d6, \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\ufeffbeach",
    "İSTANBUL, ẞ, ǅ",
    "\U0010ffff",
    "beach, " * 9000,
    "../../etc/passwd",
    "file:///etc/passwd",
    "'; DROP TABLE tags; --",
    "<script>alert(1)</script>",
    "%s%n%x",
    "{0.__class__}",
    "\r\nSet-Cookie: a=b",
]
"""Strange, but text: each is answered, as unknown tags are."""
NO_TAGS = [None, 1, 1.5, True, [], ["beach"], {}, {"b64": "!"}, {"b64": "/w=="}, "\udfff", "a" * 70_000]
BOUNDARY = "x"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def _bomb(width, height):
    """A PNG of a few bytes whose header promises many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _jpeg_bomb(whole, side):
    """A JPEG whose frame header promises many pixels."""
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", side, side) + whole[at + 4 :]


def _images(photo):
    """Truncated, broken, promising too much, or of another kind."""
    draw = np.random.default_rng(0)
    for form in ("PNG", "JPEG"):
        whole = photo(form=form)
        yield from (whole[:length] for length in np.linspace(0, len(whole) // 2, 30, dtype=int))
        for _ in range(30):
            broken = bytearray(whole)
            broken[: 2 + draw.integers(1, 30)] = draw.bytes(4)
            yield bytes(broken)
    yield from itertools.starmap(_bomb, [(1 << 15, 1 << 15), (1 << 31, 1), (0, 0), (99_999, 99_999)])
    yield from (_jpeg_bomb(photo(form="JPEG"), side) for side in (0, 8_000, 65_535))
    yield from (photo(form=form) for form in ("GIF", "BMP", "TIFF", "WEBP", "PPM"))
    yield from (b"%!PS-Adobe", b"/etc/passwd", b"file:///etc/passwd", b"http://127.0.0.1/", b"\0" * 10_000)


def _bodies(picture):
    """What is no JSON, no request, or a request with a wrong value in one place."""
    black = np.zeros((8, 8, 3)).tolist()
    yield from (b"", b"{", b"nan", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"9" * 10_000)
    for value in WRONG:
        for body in (
            value,
            {"instances": value},
            {"inputs": value},
            {"instances": [value]},
            {"instances": [{"image": value, "tags": ""}]},
            {"inputs": {"image": [picture], "tags": value}},
            {"signature_name": value or 7, "instances": []},
            {"signature_name": "decoded", "instances": [{"image": value}]},
            {"signature_name": "given_quantity", "instances": [{"image": picture, "quantity": [value]}]},
            {"signature_name": "top_k", "inputs": {"image": [picture], "k": [value]}},
            {"signature_name": "network", "inputs": {"image": [value], "tag_lists": [[0, 1]]}},
            {"signature_name": "network", "inputs": {"image": [black], "tag_lists": value}},
            {"signature_name": "network", "inputs": {"image": [black], "tag_lists": [value]}},
            {"signature_name": "network", "inputs": {"image": [black], "tag_lists": [[value]]}},
        ):
            yield json.dumps(body).encode()


def _form(*parts):
    lines = [b"--x\r\n" + header + b"\r\n\r\n" + content + b"\r\n" for header, content in parts]
    return b"".join(lines) + b"--x--\r\n"


def _file(picture, name=b"a.png"):
    return b'Content-Disposition: form-data; name="images"; filename="' + name + b'"', picture


def _field(name, value):
    return b'Content-Disposition: form-data; name="' + name + b'"', value


def _no_forms(picture):
    """Forms cut short, without a header, or with what must not be there."""
    whole = _form(_file(picture), _field(b"tags", b"beach"))
    yield from (whole[:length] for length in np.linspace(0, len(whole) - 20, 40, dtype=int))
    yield from (b"--y--", b"--x--", b"--x\r\n\r\n", b"\r\n" * 1000, b"\0" * 1000, b"--x" * 1000)
    yield _form((b"Content-Disposition: form-data", picture))
    yield _form((b"Content-Disposition: attachment; filename=a", picture))
    yield _form((b"X: " + b"y" * 100_000, picture))
    yield _form(_file(picture, b"a" * 5000))
    yield _form(*[(b"X: y", b"z")] * 100)
    yield _form(_field(b"images", b"/etc/passwd"))
    yield _form(_field(b"tags", b"beach"))
    yield _form(_file(picture), _field(b"url", b"http://127.0.0.1/"))
    yield _form(_file(picture), *[_field(b"tags", b"beach")] * 3)
    yield _form(_file(picture), _field(b"tags", b"a" * 70_000))
    yield _form(*[_file(picture)] * 33)
    yield _form(_file(picture), (_file(b"")[0].replace(b"images", b"tags"), b"beach"))


def _names():
    """Names of files that must be opened nowhere, and come back as text."""
    yield from (
        b"../../etc/passwd",
        b"/etc/passwd",
        b"C:\\boot.ini",
        b"a" * 1000,
        b"\xff\xfe.png",
        b"%00.png",
    )
    yield from ("b\u00e9.png".encode(), "\U0001f3d6.jpg".encode(), b"<b>.png", b"a;b=c.png", b" ", b"con")


def _raw(picture):
    """What is no HTTP, or HTTP that contradicts itself."""
    post = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\n".encode()
    yield from (
        b"\r\n\r\n",
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    )
    yield post + b"Content-Length: -1\r\n\r\n"
    yield post + b"Content-Length: 99999999999999999999\r\n\r\nx"
    yield post + b"Content-Length: 1e3\r\n\r\nx"
    yield post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456"
    yield post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"
    yield post + b"Transfer-Encoding: gzip\r\n\r\n"
    yield post + b"A: " + b"b" * 200_000 + b"\r\n\r\n"
    yield post + b"Content-Length: 100\r\n\r\n" + picture[:50]
    yield b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET /page.js/../../models.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    yield b"GET /v1/models/photos/versions/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def _is_well(client):
    return client.get("/healthz").json() == {"status": "ok"}


def test_there_are_two_hundred_cases_and_more(photo, b64):
    picture = photo()
    lists = [
        _images(photo),
        _bodies(b64(picture)),
        TAGS,
        NO_TAGS,
        _no_forms(picture),
        _names(),
        _raw(picture),
    ]
    assert sum(len(list(cases)) for cases in lists) > 400


def test_images(client, photo, b64):
    for raw in _images(photo):
        answer = client.post(PREDICT, json={"instances": [{"image": b64(raw), "tags": ""}]})
        assert answer.status_code in (200, 400), (raw[:40], answer.text)
        assert ("error" in answer.json()) == (answer.status_code == 400)
    assert _is_well(client)


def test_large_images_are_refused_by_their_header(client, photo, b64):
    for raw in (_bomb(1 << 15, 1 << 15), _jpeg_bomb(photo(form="JPEG"), 12_000)):
        answer = client.post(PREDICT, json={"instances": [{"image": b64(raw), "tags": ""}]})
        assert "pixels" in answer.json()["error"]


def test_bodies(client, photo, b64):
    for body in _bodies(b64(photo())):
        answer = client.post(PREDICT, content=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), (body[:60], answer.text)
    assert _is_well(client)


def test_tags(client, photo, b64):
    def post(value):
        return client.post(PREDICT, json={"instances": [{"image": b64(photo()), "tags": value}]})

    for value in TAGS:
        assert post(value).status_code == 200, value[:40]
        form = client.post("/annotate", files={"images": photo()}, data={"tags": value})
        assert form.status_code == 200, value[:40]
    for value in NO_TAGS:
        answer = post(value) if value != "\udfff" else client.post(PREDICT, content=_surrogate(b64(photo())))
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), value
    assert _is_well(client)


def _surrogate(picture):
    return json.dumps({"instances": [{"image": picture, "tags": "\udfff"}]})


def test_forms(client, photo):
    for content in _no_forms(photo()):
        answer = client.post("/annotate", content=content, headers=MULTIPART)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), (content[-60:], answer.text)
    for kind in (
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\xff",
    ):
        header = {"content-type": kind.encode("latin-1")}
        assert client.post("/annotate", content=b"--x--", headers=header).status_code == 400, kind
    for kind in ("", "application/json", "multipart/mixed; boundary=x", "x" * 1000):
        answer = client.post("/annotate", content=b"--x--", headers={"content-type": kind})
        assert answer.status_code == 415, kind
    assert _is_well(client)


def test_names_of_files_are_text(client, photo):
    for name in _names():
        content = _form(_file(photo(), name), _field(b"tags", b"beach"))
        answer = client.post("/annotate", content=content, headers=MULTIPART)
        assert answer.status_code == 200, name
        (result,) = answer.json()["results"]
        assert len(result["image"]) <= 255
        assert [annotation["label"] for annotation in result["annotations"]] == ["sky", "sea"]


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "", "9" * 5000, "\u0663", "1e3"])
def test_rankings_that_are_no_number(client, photo, value):
    answer = client.post("/annotate", params={"ranking": value}, files={"images": photo()})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_connections(running, photo):
    for raw in _raw(photo()):
        with socket.create_connection(running.address, timeout=5) as connection:
            with contextlib.suppress(OSError):  # the server may have hung up already
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
            answer = _all(connection)
        assert not answer or answer.split(b" ", 2)[1][:1] in (b"2", b"4"), (raw[:80], answer)
        assert b"root:" not in answer
    assert _is_well(running.client)


def _all(connection):
    received = b""
    try:
        while part := connection.recv(1 << 16):
            received += part
    except ConnectionError:
        pass
    return received


HEADER = st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\0\v\f"))
PIECES = st.sampled_from(
    [
        b"charset=",
        b"utf-7",
        b"name=",
        b"filename=",
        b"filename*=UTF-8''%ff",
        b'"',
        b";",
        b"\\",
        b"images",
        b"tags",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES | HEADER, max_size=8), st.lists(PIECES | HEADER, max_size=5), HEADER, HEADER)
def test_headers_that_a_client_makes_up(client, photo, disposition, kind, query, value):
    """Whatever a client writes into headers, parts, queries and JSON is refused in JSON or answered."""
    part = (
        b"Content-Disposition: form-data; " + b"".join(disposition) + b"\r\nContent-Type: " + b"".join(kind),
        photo(),
    )
    headers = {"content-type": b"multipart/form-data; boundary=x; z=" + b"".join(kind) + b"z"}
    answers = [
        client.post("/annotate", content=_form(part), headers=MULTIPART),
        client.post("/annotate", content=_form(_file(photo())), headers=headers),
        client.post(f"/annotate?ranking={quote(query)}&{quote(value)}", files={"images": photo()}),
        client.get(f"/v1/models/{quote(query)}/versions/{quote(value)}"),
        client.post(
            PREDICT, content=b'{"signature_name": %s}' % json.dumps(value.decode("latin-1")).encode()
        ),
    ]
    for answer in answers:
        assert answer.status_code < 500, answer.text
        assert isinstance(answer.json(), dict)
