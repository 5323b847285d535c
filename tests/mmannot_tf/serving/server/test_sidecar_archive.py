"""`/sidecars`: what it writes, what it refuses, and what it never does with paths."""

import io
import json
import time
import zipfile

import pytest

from mmannot_tf.serving.server import sidecar_archive
from tfrecords_tools.photographs.keyword_fields import SUBJECT, model_of
from tfrecords_tools.photographs.xmp import XmpPacket


def _photographs(*paths, given=(), predicted=("sky",)):
    return {"photographs": [{"path": path, "given": given, "predicted": predicted} for path in paths]}


@pytest.fixture
def ask(client):
    return lambda *paths, **labels: client.post(
        "/sidecars", content=json.dumps(_photographs(*paths, **labels))
    )


@pytest.fixture
def names(ask):
    """The names in the archive for photographs of some paths."""
    return lambda *paths: zipfile.ZipFile(io.BytesIO(ask(*paths).content)).namelist()


def test_an_archive_of_sidecars(ask):
    answer = ask("a.jpg", "2019/é b.png", given=["dog"])
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="sidecars.zip"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["a.jpg.xmp", "2019/é b.png.xmp"]
    for entry in archive.infolist():
        packet = XmpPacket(archive.read(entry))
        assert packet.values(SUBJECT.name) == ["dog", "sky"]
        assert model_of(packet) == "f00d"
        assert entry.external_attr >> 16 == 0o644
        assert abs(time.mktime((*entry.date_time, 0, 0, -1)) - time.time()) < 100


def test_the_model_that_predicted_is_named_although_another_answers(client):
    entries = [
        {"path": path, "given": [], "predicted": ["sky"], "model": digest}
        for path, digest in (("a.jpg", "0123456789abcdef"), ("b.jpg", None))
    ]
    answer = client.post("/sidecars", json={"photographs": entries})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    models = [model_of(XmpPacket(archive.read(entry))) for entry in archive.infolist()]
    assert models == ["0123456789ab", "f00d"]
    for wrong in ("", "0123456789ABCDEF", "x" * 64, 12, ["0" * 12]):
        answer = client.post("/sidecars", json={"photographs": [{**entries[0], "model": wrong}]})
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.jpg"] * 3, ["a.jpg.xmp", "2/a.jpg.xmp", "3/a.jpg.xmp"]),
        (["a.jpg", "2/a.jpg", "a.jpg"], ["a.jpg.xmp", "2/a.jpg.xmp", "3/a.jpg.xmp"]),
        (["a.jpg", "A.JPG"], ["a.jpg.xmp", "2/A.JPG.xmp"]),  # one file on Windows and macOS
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg.xmp", "2/e\u0301.jpg.xmp"]),
        (["x/a.jpg", "y/a.jpg"], ["x/a.jpg.xmp", "y/a.jpg.xmp"]),
        (["./x//a.jpg", "x\\a.jpg"], ["x/a.jpg.xmp", "2/x/a.jpg.xmp"]),
        (["a.jpg", "a.png"], ["a.jpg.xmp", "a.png.xmp"]),
    ],
)
def test_no_sidecar_overwrites_another(names, paths, expected):
    assert names(*paths) == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "../a.jpg",
        "x/../../a.jpg",
        "/etc/passwd",
        "C:/a.jpg",
        "..\\a.jpg",
        "http://x/a.jpg",
        "a\0.jpg",
        "\ud800",
    ],
)
def test_no_path_leaves_the_folder(ask, path):
    answer = ask("a.jpg", path)
    assert answer.status_code == 400
    assert "path must" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body must be JSON"),
        (b"[]", "The body must be an object with photographs"),
        (b"{}", "The body must be an object with photographs"),
        (b'{"photographs": {}}', "The body must be an object with photographs"),
        (b'{"photographs": [], "model": 1}', "The body must be an object with photographs"),
        (b'{"photographs": []}', "photographs must be 1 to 2,000. Received: 0"),
        (b'{"photographs": ["a.jpg"]}', "A photograph must be an object with path, given, predicted"),
        (b'{"photographs": [{"path": "a"}]}', "A photograph must be an object"),
        (b'{"photographs": [{"path": 1, "given": [], "predicted": []}]}', "path must be a string"),
        (b'{"photographs": [{"path": "a", "given": "sky", "predicted": []}]}', "given must be a list"),
        (b'{"photographs": [{"path": "a", "given": [], "predicted": [1]}]}', "label must be a string"),
        (b'{"photographs": [{"path": "%s", "given": [], "predicted": []}]}' % (b"a" * 5000), "at most 4,096"),
    ],
)
def test_other_bodies_are_refused(client, body, message):
    answer = client.post("/sidecars", content=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_limits_hold_as_for_other_paths(start):
    client = start(tag_bytes=5, body_bytes=400).client
    entry = _photographs("a.jpg", predicted=["a" * 6])
    assert "at most 5 bytes" in client.post("/sidecars", json=entry).json()["error"]
    assert client.post("/sidecars", json=_photographs("a.jpg", predicted=["a"] * 200)).status_code == 413
    assert client.post("/sidecars", content=b'{"photographs": [%s1]}' % (b"1," * 150)).status_code == 413
    other = {"origin": "http://elsewhere.example"}
    assert client.post("/sidecars", json=entry, headers=other).status_code == 403
    assert client.post("/sidecars", json=entry, headers={"host": "elsewhere.example"}).status_code == 421
    assert client.get("/sidecars").status_code == 405


def test_the_number_of_photographs_is_bounded(ask, monkeypatch):
    monkeypatch.setattr(sidecar_archive, "MAX_PHOTOGRAPHS", 2)
    assert ask("a.jpg", "b.jpg").status_code == 200
    assert "photographs must be 1 to 2. Received: 3" in ask("a.jpg", "b.jpg", "c.jpg").json()["error"]
