"""New versions in an export's folder answer, no request is lost; broken and removed ones change nothing."""

import gc
import re
import shutil
import threading
import time
import weakref
from dataclasses import replace

import httpx
import pytest
import served
import tiers

from mmannot_tf.serving.server.served_model import NewVersions
from tfrecords_tools.shell.errors import UserError

PREDICT = "/v1/models/photos:predict"
CLIENTS = 16
WHOLE = "whole"
LOGGER = "mmannot_tf.serving.server.version_watcher"


def _publish(export, number, content=WHOLE):
    """Writes a version aside, then renames it, as `mmannot export` does."""
    staging = export / f".{number}.staging"
    staging.mkdir(parents=True)
    (staging / "export.json").write_text(content)
    staging.rename(export / str(number))


def _annotator(folder, engine=None):
    """A version whose labels have its number in their names."""
    if (folder / "export.json").read_text() != WHOLE:
        raise UserError("An export's files must be unchanged.")
    plain = served.annotator(path=folder)
    labels = tuple(f"{label} {folder.name}" for label in served.LABELS)
    return served.Annotator(
        replace(plain.model, labels=labels), lambda _: engine or served.BrightnessEngine()
    )


@pytest.fixture
def export(tmp_path):
    _publish(tmp_path, 3)
    return tmp_path


@pytest.fixture
def watch(serve, export):
    """Serves version 3 of the export and looks for others many times a second."""

    def start(engine=None, seconds=0.05):
        first = _annotator(export / "3", engine)
        return serve(first, new=NewVersions(export, _annotator), watch_seconds=seconds)

    return start


def _version(client):
    return client.get("/model").json()["version"]


def _wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _loaded(client):
    """The loaded versions, as the metrics tell them."""
    return re.findall(r'mmannot_model_info\{.*version="(\d+)"\} 1\.0', client.get("/metrics").text)


def test_the_newest_version_answers_and_is_named(watch, export, photo, b64):
    client = watch().client
    assert _version(client) == "3"
    for number in (4, 10):
        _publish(export, number)
    _wait_for(lambda: _version(client) == "10")
    answer = client.post("/annotate", files={"images": photo()})
    assert (answer.json()["version"], answer.headers["x-mmannot-version"]) == ("10", "10")
    assert [label["label"] for label in answer.json()["results"][0]["annotations"]] == ["sky 10"]
    answer = client.post(PREDICT, json={"instances": [{"image": b64(photo())}]})
    assert answer.headers["x-mmannot-version"] == "10"
    assert answer.json()["predictions"][0]["annotations"][0] == "sky 10"
    assert client.get("/v1/models/photos/metadata").json()["model_spec"]["version"] == "10"
    assert client.get("/v1/models/photos/versions/3").status_code == 404
    _wait_for(lambda: _loaded(client) == ["10"])


def test_requests_end_with_the_version_that_they_began_with(watch, export, photo, b64):
    """A request of version 3 is open while version 4 answers others."""
    held, release = threading.Event(), threading.Event()

    class Held(served.BrightnessEngine):
        def __call__(self, inputs):
            held.set()
            assert release.wait(20)
            return super().__call__(inputs)

    running, answers = watch(Held()), []
    client, body = running.client, {"instances": [{"image": b64(photo())}]}
    url = client.base_url.join(PREDICT)
    asking = threading.Thread(target=lambda: answers.append(httpx.post(url, json=body, timeout=30)))
    asking.start()
    assert held.wait(20)
    _publish(export, 4)
    _wait_for(lambda: _version(client) == "4")
    states = client.get("/v1/models/photos").json()["model_version_status"]
    assert [(state["version"], state["state"]) for state in states] == [
        ("4", "AVAILABLE"),
        ("3", "UNLOADING"),
    ]
    assert client.post(PREDICT, json=body).json()["predictions"][0]["annotations"][0] == "sky 4"
    assert sorted(_loaded(client)) == ["3", "4"]
    release.set()
    asking.join(20)
    assert answers[0].json()["predictions"][0]["annotations"][0] == "sky 3"
    assert answers[0].headers["x-mmannot-version"] == "3"
    _wait_for(lambda: _loaded(client) == ["4"])


def test_a_version_that_has_answered_its_last_request_is_freed(watch, export, photo):
    engine = served.BrightnessEngine()
    freed = weakref.ref(engine)
    client = watch(engine).client
    del engine
    assert client.post("/annotate", files={"images": photo()}).status_code == 200
    assert freed() is not None
    _publish(export, 4)
    _wait_for(lambda: _version(client) == "4")
    gc.disable()  # nobody but the server collects
    try:
        _wait_for(lambda: freed() is None)
    finally:
        gc.enable()


def test_a_version_that_cannot_be_opened_is_logged_once_and_tried_again_when_it_changes(
    watch, export, caplog, photo
):
    caplog.set_level("INFO", LOGGER)
    client = watch().client
    _publish(export, 4)
    _wait_for(lambda: _version(client) == "4")
    _publish(export, 5, "broken")
    _wait_for(lambda: "version 5 cannot be opened" in caplog.text)
    time.sleep(0.3)  # several looks
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == [
        "photos: version 4 goes on: version 5 cannot be opened: An export's files must be unchanged."
    ]
    assert client.post("/annotate", files={"images": photo()}).json()["version"] == "4"
    (export / "5" / "export.json").write_text(WHOLE)
    _wait_for(lambda: _version(client) == "5")


def test_a_folder_that_is_being_copied_is_no_version_yet(watch, export, caplog):
    caplog.set_level("WARNING", LOGGER)
    client = watch().client
    (export / "4").mkdir()
    time.sleep(0.3)
    assert _version(client) == "3"
    assert caplog.text == ""
    (export / "4" / "export.json").write_text(WHOLE)
    _wait_for(lambda: _version(client) == "4")


def test_a_version_whose_folder_is_removed_goes_on(watch, export, caplog, photo):
    """No older one takes its place; a higher number does."""
    _publish(export, 2)
    client = watch().client
    shutil.rmtree(export / "3")
    _wait_for(lambda: "no longer holds it" in caplog.text)
    assert client.post("/annotate", files={"images": photo()}).json()["version"] == "3"
    shutil.copytree(export / "2", export / ".copy")
    (export / ".copy").rename(export / "4")
    _wait_for(lambda: _version(client) == "4")
    assert caplog.text.count("no longer holds it") == 1


def test_without_a_watch_the_first_version_goes_on(watch, export):
    client = watch(seconds=0.0).client
    _publish(export, 4)
    time.sleep(0.3)
    assert _version(client) == "3"


@pytest.mark.exhaustive
@pytest.mark.parametrize("seconds", [3, *tiers.exhaustive([120])])
def test_no_request_is_lost_while_versions_change_under_many_clients(watch, export, photo, b64, seconds):
    """Every answer is whole and of one version, which it names; no client sees an older one again."""
    running = watch()
    until, seen, wrong, end = time.monotonic() + seconds, [[] for _ in range(CLIENTS)], [], threading.Event()
    photograph = photo()
    body = {"instances": [{"image": b64(photograph)}] * 3}

    def ask(client, turn):
        if turn % 2:
            answer = client.post("/annotate", files=[("images", photograph)] * 3)
            answer.raise_for_status()
            return answer, [row["annotations"][0]["label"] for row in answer.json()["results"]]
        answer = client.post(PREDICT, json=body)
        answer.raise_for_status()
        return answer, [row["annotations"][0] for row in answer.json()["predictions"]]

    def run_client(number):
        with httpx.Client(base_url=running.client.base_url, timeout=30) as client:
            turn, is_last = number, False
            while not is_last:
                is_last = end.is_set()
                try:
                    answer, labels = ask(client, turn)
                except httpx.HTTPError as error:
                    wrong.append(repr(error))
                    continue
                version = answer.headers["x-mmannot-version"]
                if labels != [f"sky {version}"] * 3:
                    wrong.append((version, labels))
                seen[number].append(int(version))
                turn += 1

    clients = [threading.Thread(target=run_client, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    newest = 3
    while time.monotonic() < until:
        newest += 1
        _publish(export, newest)
        time.sleep(0.2)
    _wait_for(lambda: _version(running.client) == str(newest))
    end.set()
    for client in clients:
        client.join()
    assert wrong == []
    assert all(numbers == sorted(numbers) for numbers in seen)
    assert {numbers[-1] for numbers in seen} == {newest}
    assert len(set().union(*seen)) > 1
