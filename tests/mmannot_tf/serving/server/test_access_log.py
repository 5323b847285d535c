"""A line for each request: what it says and never says, and what becomes of a log that cannot be written."""

import json
import re
import time
from datetime import UTC, datetime

import pytest
import served

from mmannot_tf.serving.server.access_log import AccessLog
from tfrecords_tools.shell.errors import UserError

PREDICT = "/v1/models/photos:predict"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "access.jsonl"


@pytest.fixture
def client(serve, file, tmp_path):
    return serve(served.annotator(path=tmp_path / "3"), access_log=AccessLog(str(file)), images=4).client


def _lines(file, count=1):
    """The lines, once there are so many: a line is written after its answer was sent."""
    deadline = time.monotonic() + 20
    while not file.exists() or file.read_text(encoding="ascii").count("\n") < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def test_a_request_for_labels(client, file, photo, b64):
    before = datetime.now(UTC)
    body = {"instances": [{"image": b64(photo()), "tags": "beach, secret"}] * 3}
    answer = client.post(f"{PREDICT}?q=secret", json=body, headers={"x-request-id": "Ab-1.2_3~:+/=@z"})
    (line,) = _lines(file)
    seconds, begun = line.pop("seconds"), datetime.fromisoformat(line.pop("time"))
    assert line == {
        "id": "Ab-1.2_3~:+/=@z",
        "method": "POST",
        "path": PREDICT,
        "status": 200,
        "images": 3,
        "model": "photos",
        "version": "3",
        "bytes": len(answer.content),
    }
    assert answer.headers["x-request-id"] == "Ab-1.2_3~:+/=@z"
    assert 0 < seconds < 60
    assert abs((begun - before).total_seconds()) < 60
    assert begun.utcoffset().total_seconds() == 0


def test_no_line_tells_images_tags_or_names(client, file, photo):
    files = [("images", ("secret.png", photo())), ("images", ("secret.png", b"secret"))]
    answer = client.post("/annotate?ranking=1", files=files, data={"tags": "secret"})
    assert answer.status_code == 200
    client.post("/annotate", content=b"secret", headers={"x-secret": "secret"})
    client.post("/decide", json={"results": "secret"})
    client.post("/sidecars", json={"photographs": [{"path": "secret", "given": [], "predicted": []}]})
    assert [(line["path"], line["status"], line["images"]) for line in _lines(file, 4)] == [
        ("/annotate", 200, 2),
        ("/annotate", 415, 0),
        ("/decide", 400, 0),
        ("/sidecars", 200, 0),
    ]
    assert "secret" not in file.read_text(encoding="ascii")


def test_every_request_has_a_line(client, file, photo):
    client.get("/healthz")
    client.head("/model")
    client.get("/nowhere/" + "x" * 1000)
    client.get("/", headers={"host": "evil.example"})
    client.post("/annotate", files=[("images", photo())] * 5)
    lines = _lines(file, 5)
    assert [(line["method"], line["status"], line["model"]) for line in lines] == [
        ("GET", 200, ""),
        ("HEAD", 200, "photos"),
        ("GET", 404, ""),
        ("GET", 421, ""),
        ("POST", 400, "photos"),
    ]
    assert lines[1]["bytes"] == 0  # the answer to HEAD has no body
    assert len(lines[2]["path"]) == 256


@pytest.mark.parametrize(
    "given",
    [None, "", "a b", "x" * 129, "é".encode(), '"; drop', "a,b"],
    ids=["none", "empty", "blank", "long", "not_ascii", "quote", "comma"],
)
def test_an_identifier_that_is_not_sane_is_made_anew(client, file, given):
    header = {} if given is None else {"x-request-id": given}
    ids = [client.get("/healthz", headers=header).headers["x-request-id"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in ids)
    assert len({*ids}) == 2
    assert [line["id"] for line in _lines(file, 2)] == ids


def test_two_identifiers_are_none(client):
    answer = client.get("/healthz", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_a_file_that_was_moved_away_is_begun_anew(client, file):
    client.get("/healthz")
    _lines(file)
    file.rename(file.with_suffix(".1"))
    client.get("/model")
    assert [line["path"] for line in _lines(file)] == ["/model"]


def test_stdout(serve, capsys):
    running = serve(served.annotator(), access_log=AccessLog("-"))
    running.client.get("/healthz")
    running.stop()
    assert json.loads(capsys.readouterr().out)["path"] == "/healthz"


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    with pytest.raises(UserError, match=r"--access-log must be a file .* \(Is a directory\)"):
        AccessLog(str(tmp_path))


def test_a_line_that_cannot_be_written_is_lost_and_said(serve, caplog):
    running = serve(served.annotator(), access_log=AccessLog("/dev/full"))
    assert running.client.get("/healthz").status_code == 200
    running.stop()
    assert "a line of the access log is lost: [Errno 28]" in caplog.text
