"""The server under requests of clients that are hostile, slow, or ordinary but too large."""

import asyncio
import base64
import contextlib
import gc
import gzip
import http.client
import io
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import httpx
import pytest
import served
from PIL import Image

from mmannot_tf.data.tag_index import TagIndex
from mmannot_tf.serving.server.host_policy import HostPolicy
from mmannot_tf.serving.server.json_parsing import parse_json
from mmannot_tf.serving.server.lifecycle import SIGNALS, Server, ServerConfig, _stop
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.repeated_lines import MAX_LINES, RepeatedLines
from mmannot_tf.serving.server.served_model import ServedModel
from tfrecords_tools.shell.errors import StoppedBySignal

photo, b64, serve, start = served.photo, served.b64, served.serve, served.start
PREDICT = "/v1/models/photos:predict"
MIB = 1 << 20
TOO_MANY_SCANS = 2_000


def _is_well(running):
    with httpx.Client(base_url=running.client.base_url, timeout=20) as client:  # no connection of before
        assert client.get("/healthz").json() == {"status": "ok"}
        assert "mmannot_requests_in_hand" in client.get("/metrics").text


def _sockets(running, number, content):
    """Opens connections that each send the beginning of a request."""
    opened = contextlib.ExitStack()
    connections = []
    for _ in range(number):
        connection = opened.enter_context(socket.create_connection(running.address, timeout=20))
        connection.sendall(content)
        connections.append(connection)
    return opened, connections


def _rest(connection):
    """What arrives until the server closes; a reset counts as closing."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            received += part
    return received


def _while_posting(running, path, content, **options):
    """Posts, and meanwhile asks for the server's health; returns the answer and how often it was well."""
    answers = []
    posting = threading.Thread(
        target=lambda: answers.append(
            httpx.post(running.client.base_url.join(path), content=content, timeout=60, **options)
        )
    )
    posting.start()
    well = 0
    while posting.is_alive():
        _is_well(running)
        well += 1
    posting.join()
    return answers[0], well


def test_fault_25_half_headers_lock_nobody_out_and_end(start):
    running = start(connections=20, header_seconds=1.0)
    opened, connections = _sockets(running, 60, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
    with opened:
        _is_well(running)
        answers = [_rest(connection) for connection in connections]  # each ends, or this waits for ever
        assert any(b" 408 Request Timeout" in answer for answer in answers)
        _is_well(running)


def test_fault_25_an_address_has_its_own_limit(start):
    running = start(connections=50, address_connections=5)
    opened, connections = _sockets(running, 20, b"GET / HTTP/1.1\r\n")
    with opened:
        assert all(_rest(connection) == b"" for connection in connections[:10])
        _is_well(running)


def test_fault_25_lines_of_one_kind_are_limited():
    now = [0.0]
    repeated = RepeatedLines(clock=lambda: now[0])
    written = []

    def say(text, *values):
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, text, values, None)
        if repeated.filter(record):
            written.append(record.getMessage())

    for number in range(100):
        say("%d is no request", number)
    say("another kind")
    assert len(written) == MAX_LINES + 1
    now[0] = 61.0
    say("%d is no request", 100)
    assert written[-1] == "100 is no request (95 such lines were left out)"


def test_fault_26_lists_without_end_are_refused_before_they_are_built(start):
    running = start()
    entries = b",".join([b"[]"] * (4 * MIB))
    answer, _ = _while_posting(running, PREDICT, b'{"inputs": {"image": [%s]}}' % entries)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])


@pytest.mark.exhaustive
def test_fault_26_no_thread_waits_while_json_is_parsed():
    """Two million lists within the other limits; Python's own parser would stop all threads for long."""
    image = b"[%s]" % b",".join([b"[]"] * 60_000)
    body = b'{"inputs": {"image": [%s]}}' % b",".join([image] * 32)
    parsed = []
    parsing = threading.Thread(target=lambda: parsed.append(parse_json(body, max_values=len(body))))
    gc.disable()
    try:
        parsing.start()
        longest, last = 0.0, time.process_time()
        while parsing.is_alive():
            time.sleep(0)
            now = time.process_time()  # of all threads: other programs do not count
            longest, last = max(longest, now - last), now
    finally:
        gc.enable()
    assert len(parsed[0]["inputs"]["image"]) == 32
    assert longest < 0.1


def test_fault_26_images_that_are_made_to_take_long_do_not(start):
    running = start()
    written = io.BytesIO()
    Image.new("L", (2000, 2000), 128).save(written, "JPEG", progressive=True)
    jpeg = written.getvalue()
    last_scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    broken = {
        "fill": b"\xff\xd8\xff" + b"\xff" * (4 * MIB),
        "scans": jpeg[:-2] + last_scan * TOO_MANY_SCANS + b"\xff\xd9",
        "comments": _gif_of_comments(500_000),
    }
    began = time.process_time()
    for name, content in broken.items():
        answer, _ = _while_posting(running, "/annotate", None, files={"images": content})
        assert "error" in answer.json()["results"][0], name
    assert time.process_time() - began < 4


def _gif_of_comments(number):
    written = io.BytesIO()
    Image.new("P", (8, 8)).save(written, "GIF")
    whole = written.getvalue()
    at = whole.index(b",")
    return whole[:at] + b"!\xfe\x01a\0" * number + whole[at:]


def test_fault_26_slow_bodies_take_no_places(start, photo, b64):
    running = start(requests=2, uploads=8, upload_grace_seconds=3.0)
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n1"
    opened, connections = _sockets(running, 16, head.encode())
    with opened:
        body = {"instances": [{"image": b64(photo())}]}
        for _ in range(3):
            assert running.client.post(PREDICT, json=body).status_code == 200
        _is_well(running)
        assert all(b" 408 " in _rest(connection).split(b"\r\n")[0] for connection in connections)


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "klingon", "idna", "utf-16", "\xff", "'"])
def test_fault_27_charsets_of_forms_are_no_failures(start, photo, charset):
    client = start().client
    part = (
        b'--x\r\nContent-Disposition: form-data; name="tags"\r\nContent-Type: text/plain; charset='
        + charset.encode("latin-1")
        + b"\r\n\r\n\\ud800 +2AA-\r\n"
    )
    image = b'--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n' + photo() + b"\r\n"
    kind = "multipart/form-data; boundary=x"
    whole = f"{kind}; charset={charset}".encode("latin-1")
    for content, header in ((part + image, kind), (image, whole)):
        answer = client.post("/annotate", content=content + b"--x--\r\n", headers={"content-type": header})
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_fault_27_tags_that_are_no_utf_8_are_refused(start, photo):
    content = (
        b'--x\r\nContent-Disposition: form-data; name="tags"\r\n\r\ncaf\xe9\r\n'
        b'--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n' + photo() + b"\r\n--x--"
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert start().client.post("/annotate", content=content, headers=kind).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [{"image": "a", "image": "b"}]}',
        b'{"instances": [], "instances": [1]}',
        b'{"instances": [{"image": ' + b"[" * 900 + b"]" * 900 + b"}]}",
        b'{"instances": [{"image": 1e999999}]}',
        b'{"signature_name": "top_k", "inputs": {"image": [""], "k": ' + b"9" * 4000 + b"}}",
        b'{"signature_name": "\\ud800", "instances": [{"image": ""}]}',
    ],
)
def test_fault_27_strange_json_is_refused_in_json(start, body):
    answer = start().client.post(PREDICT, content=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_fault_36_other_hosts_and_foreign_origins_are_refused(start, photo):
    running = start()
    own = str(running.client.base_url)
    port = running.address[1]

    def status(method="GET", path="/healthz", **headers):
        files = {"images": photo()} if method == "POST" else None
        return running.client.request(method, path, headers=headers, files=files).status_code

    assert [
        status(host=host) for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.1", "x@localhost")
    ] == [421] * 4
    assert [status(host=host) for host in ("localhost", "LOCALHOST:1", "[::1]:8501", "127.0.0.1")] == [
        200
    ] * 4
    foreign = (
        "https://evil.example",
        "null",
        f"http://localhost:{port + 1}",
        "http://localhost.evil.example",
    )
    assert [status("POST", "/annotate", origin=origin) for origin in foreign] == [403] * 4
    assert status("POST", "/annotate", origin=own) == 200
    assert status("POST", "/annotate", origin="https://localhost", host="localhost:443") == 200


def test_fault_36_hosts_are_allowed_by_name(start, photo):
    client = start(hosts=HostPolicy.for_server("127.0.0.1", ["Photos.example"])).client
    assert client.get("/", headers={"host": "photos.example:8080"}).status_code == 200
    answer = client.post("/annotate", files={"images": photo()}, headers={"origin": "https://photos.example"})
    assert answer.status_code == 200  # a proxy with TLS, which may change the Host
    anything = start(hosts=HostPolicy.for_server("127.0.0.1", ["*"])).client
    assert anything.get("/", headers={"host": "evil.example"}).status_code == 200
    everywhere = start(hosts=HostPolicy.for_server("0.0.0.0", [])).client  # as in a container
    hosts = ("192.168.1.5:8501", "localhost:80", socket.gethostname(), "evil.example")
    assert [everywhere.get("/", headers={"host": host}).status_code for host in hosts] == [200, 200, 200, 421]


def test_fault_36_no_redirect_repeats_the_host(start):
    answer = start(hosts=HostPolicy.for_server("", ["*"])).client.get(
        "/healthz/", headers={"host": "evil.example"}
    )
    assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_fault_36_sighup_ends_as_sigterm_does():
    config = ServerConfig([ServedModel("photos", served.annotator())], ServerOptions(served.HERE))
    server = Server(config, opened=lambda: None)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, _stop)
        reached = False
        with pytest.raises(StoppedBySignal) as stopped, server.capture_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            reached = server.should_exit
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert reached  # the signal itself was not raised while requests were open
    assert stopped.value.status == 128 + signal.SIGHUP


@pytest.mark.parametrize("size", [MIB, 22 * MIB])
def test_fault_37_ordinary_clients_read_the_413(start, size):
    running = start(body_bytes=MIB // 2)
    body = b"x" * size
    url = str(running.client.base_url.join(PREDICT))
    for _ in range(5):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, body), timeout=60)
        assert (refused.value.code, list(json.load(refused.value))) == (413, ["error"])
        refused.value.close()
        assert httpx.post(url, content=body, timeout=60).json().keys() == {"error"}
        connection = http.client.HTTPConnection(*running.address, timeout=60)
        connection.request("POST", PREDICT, iter([body[: MIB // 4]] * (4 * size // MIB)))  # in chunks
        answer = connection.getresponse()
        assert (answer.status, list(json.loads(answer.read()))) == (413, ["error"])
        connection.close()


def test_fault_37_other_early_answers_arrive_too(start):
    running = start(seconds=60)
    url = str(running.client.base_url.join("/annotate"))
    for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Content-Encoding": "br"}, 415)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, b"x" * (10 * MIB), headers), timeout=60)
        assert (refused.value.code, list(json.load(refused.value))) == (status, ["error"])
        refused.value.close()


def test_fault_37_expect_100_continue_is_honoured(start):
    running = start(body_bytes=MIB)
    for length, first in ((2 * MIB, b"HTTP/1.1 413 "), (10, b"HTTP/1.1 100 ")):
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {length}\r\n"
        with socket.create_connection(running.address, timeout=20) as connection:
            connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
            assert connection.recv(1 << 16).startswith(first)


def test_fault_37_what_is_dropped_is_bounded(start):
    """A client that sends on and on is cut off."""
    running = start(body_bytes=1000, linger_bytes=MIB, linger_seconds=60)
    with socket.create_connection(running.address, timeout=20) as connection:
        connection.sendall(
            f"POST {PREDICT} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {1 << 40}\r\n\r\n".encode()
        )
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                connection.sendall(b"x" * MIB)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-H", "Expect:"]])
def test_fault_37_curl_reads_the_413(start, tmp_path, options):
    running = start(body_bytes=MIB)
    (tmp_path / "body").write_bytes(b"x" * (22 * MIB))
    url = str(running.client.base_url.join(PREDICT))
    command = ["curl", "-sS", "-m", "60", *options, "--data-binary", f"@{tmp_path / 'body'}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, list(json.loads(done.stdout))) == (0, ["error"])


def test_fault_19_compressed_bodies_and_wrapped_base64(start, photo):
    client = start().client
    wrapped = base64.encodebytes(photo()).decode()
    assert wrapped.count("\n") > 1
    body = json.dumps({"instances": [{"image": {"b64": wrapped}}]}).encode()
    answer = client.post(PREDICT, content=gzip.compress(body), headers={"content-encoding": "gzip"})
    assert answer.json() == client.post(PREDICT, content=body).json()
    assert answer.status_code == 200


def test_fault_19_what_inflates_beyond_the_limit_is_refused(start):
    client = start(body_bytes=MIB).client
    zipped = {"content-encoding": "gzip"}
    bomb = gzip.compress(b" " * (64 * MIB))
    assert client.post(PREDICT, content=bomb, headers=zipped).status_code == 413
    for broken in (bomb[:1000], b"{}", gzip.compress(b"") * 1000, b"\x1f\x8b\x08"):
        answer = client.post(PREDICT, content=broken, headers=zipped)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_fault_19_a_photograph_of_61_megapixels_is_annotated(start):
    written = io.BytesIO()
    Image.new("L", (9600, 6400), 255).save(written, "PNG", compress_level=1)
    answer = start().client.post("/annotate", files={"images": written.getvalue()}, timeout=60)
    (result,) = answer.json()["results"]
    assert [annotation["label"] for annotation in result["annotations"]] == ["sky"]


def test_a_negative_number_of_labels_is_refused(client, b64, photo):
    body = {
        "signature_name": "given_quantity",
        "inputs": {"image": [b64(photo())], "tags": [""], "quantity": [-2]},
    }
    response = client.post("/v1/models/photos:predict", json=body)
    assert response.status_code == 400 and "must not be negative. Received: -2" in response.json()["error"]


def test_fault_21_long_tags_of_a_form_are_split_once_and_not_on_the_event_loop(start, photo, monkeypatch):
    texts = []

    def split(index, wanted, original=TagIndex.split):
        with pytest.raises(RuntimeError):  # a thread of its own has no event loop
            asyncio.get_running_loop()
        texts.extend(wanted)
        return original(index, wanted)

    monkeypatch.setattr(TagIndex, "split", split)
    files = [("images", photo()) for _ in range(8)]
    answer = start().client.post("/annotate", files=files, data={"tags": "\ufdfa; nobody"})
    assert texts == ["\ufdfa; nobody"]
    assert [row["unknown_tags"][1:] for row in answer.json()["results"]] == [["nobody"]] * 8
