"""`mmannot serve` as a process: TensorFlow Serving's requests by Python's HTTP client, and how it ends."""

import base64
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.cli.main import app
from tfrecords_tools.shell.console import run as run_app

PATH = "/v1/models/mmannot"


class Served:
    """A server's process and its address."""

    def __init__(self, *options):
        command = [*PROGRAM, "serve", *map(str, options), "--port", "0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if match := re.search(r"serving on http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(match[1])
                return
        raise AssertionError(self.said)

    def ask(self, method, path, body=None):
        """Status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        header = {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), header)
        with connection.getresponse() as response:
            answer = response.status, json.loads(response.read())
        connection.close()
        return answer

    def end(self, number):
        """The status after a signal, and what was said after the address."""
        self.process.send_signal(number)
        said = self.process.stderr.read()
        return self.process.wait(60), said


@pytest.fixture(scope="module")
def served(exported):
    server = Served(exported.parent, "--engine", "openvino", "--max-wait", 1000)
    yield server
    server.process.kill()
    server.process.wait()
    server.process.stderr.close()


@pytest.fixture(scope="module")
def asked(scenes):
    """Images as bytes and their tags."""
    return [(file.read_bytes(), tags) for file, tags in list(scenes.items())[:12]]


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported)).signatures


def _b64(raw):
    return {"b64": base64.b64encode(raw).decode("ascii")}


def _expected(signature, asked, **more):
    images, tags = zip(*asked, strict=True)
    outputs = signature(image=tf.constant(images), tags=tf.constant(tags), **more)
    arrays = {name: output.numpy() for name, output in outputs.items()}
    return {
        name: np.vectorize(bytes.decode)(array) if array.dtype == object else array
        for name, array in arrays.items()
    }


def _same(outputs, expected):
    assert outputs.keys() == expected.keys()
    for name, value in expected.items():
        if value.dtype.kind == "U":
            assert outputs[name] == value.tolist()
        else:
            np.testing.assert_allclose(outputs[name], value, rtol=1e-4, atol=1e-4)


@pytest.mark.exhaustive
def test_the_engine_is_the_one_that_was_asked_for(served):
    assert "openvino" in served.said


def test_rows_are_the_saved_models_answers(served, signatures, asked):
    instances = [{"image": _b64(raw), "tags": tags} for raw, tags in asked]
    body = {"signature_name": "serving_default", "instances": instances}
    status, answer = served.ask("POST", f"{PATH}:predict", body)
    assert status == 200
    rows = answer["predictions"]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    _same(columns, _expected(signatures["serving_default"], asked))


@pytest.mark.parametrize(
    ("name", "more", "given"),
    [
        ("serving_default", {}, {}),
        ("given_quantity", {"quantity": [*range(6)] * 2}, {"quantity": tf.constant([*range(6)] * 2)}),
        ("top_k", {"k": 3}, {"k": tf.constant(3)}),
    ],
)
def test_columns_are_the_saved_models_answers(served, signatures, asked, name, more, given):
    inputs = {"image": [_b64(raw) for raw, _ in asked], "tags": [tags for _, tags in asked], **more}
    body = {"signature_name": name, "inputs": inputs}
    status, answer = served.ask("POST", f"{PATH}/versions/1:predict", body)
    assert status == 200
    _same(answer["outputs"], _expected(signatures[name], asked, **given))


def test_metadata_is_the_saved_models(served, signatures):
    status, answer = served.ask("GET", f"{PATH}/metadata")
    assert status == 200
    told = answer["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) - set(told) == {"features"}
    for name, document in told.items():
        signature = signatures[name]
        inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
        assert _told(document["inputs"]) == _specified(inputs), name
        assert _told(document["outputs"]) == _specified(outputs), name


def _told(tensors):
    return {
        name: (tensor["dtype"], [int(size["size"]) for size in tensor["tensor_shape"]["dim"]])
        for name, tensor in tensors.items()
    }


def _specified(specs):
    return {
        name: (
            types_pb2.DataType.Name(spec.dtype.as_datatype_enum),
            [-1 if size is None else size for size in spec.shape],
        )
        for name, spec in specs.items()
    }


@pytest.mark.exhaustive
def test_a_port_that_is_taken_is_said_in_a_line(served, exported):
    command = [*PROGRAM, "serve", str(exported), "--port", str(served.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: --host and --port must be free to listen on. Received: 127.0.0.1:{served.port} "
        "(Address already in use).\n"
    )


def test_packages_that_lack_are_named(exported, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("mmannot_tf.serving.server.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run_app(app, ["serve", str(exported)]) == 1
    assert "pip install 'fastapi>=" in capsys.readouterr().err


def test_what_is_no_model_is_said_in_a_line(tmp_path, capsys):
    assert run_app(app, ["serve", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: MODEL must be a run or an export.")


def _publish(export, exported, number):
    """Writes a version aside, then renames it, as `mmannot export` does."""
    staging = export / f".{number}.staging"
    shutil.copytree(exported, staging, ignore=shutil.ignore_patterns("openvino", "*.onnx", "*.tflite"))
    staging.rename(export / str(number))


@pytest.fixture
def swapping(exported, tmp_path):
    """A server that looks for versions five times a second, and what publishes them."""
    _publish(tmp_path, exported, 1)
    server = Served(tmp_path, "--watch", 0.2)
    yield server, lambda number: _publish(tmp_path, exported, number)
    server.process.kill()
    server.process.wait()
    server.process.stderr.close()


def _version(server):
    return server.ask("GET", "/model")[1]["version"]


def _wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.exhaustive
def test_a_new_version_is_taken_up_and_said(swapping, asked):
    server, publish = swapping
    assert _version(server) == "1"
    publish(2)
    _wait_for(lambda: _version(server) == "2")
    body = {"instances": [{"image": _b64(raw), "tags": tags} for raw, tags in asked]}
    assert server.ask("POST", f"{PATH}/versions/2:predict", body)[0] == 200
    status, said = server.end(signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
    assert said == ("mmannot: version 2 answers from now on\nstopped: the open requests were answered\n")


@pytest.mark.exhaustive
def test_no_request_is_lost_and_memory_is_given_back_while_versions_change(swapping, asked):
    """Two minutes, sixteen clients, a new version as soon as the last one answers."""
    server, publish = swapping
    until, failed, versions, resident = time.monotonic() + 120, [], [], []
    body = {"instances": [{"image": _b64(raw), "tags": tags} for raw, tags in asked[:2]]}

    def run_client():
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
            while time.monotonic() < until:
                answer = client.post(f"{PATH}:predict", json=body)
                if answer.status_code != 200:
                    failed.append(answer.text)
                versions.append(int(answer.headers["x-mmannot-version"]))

    clients = [threading.Thread(target=run_client) for _ in range(16)]
    for client in clients:
        client.start()
    newest = 1
    while time.monotonic() < until:
        newest += 1
        publish(newest)
        while int(_version(server)) < newest and time.monotonic() < until:
            time.sleep(0.1)
        resident.append(_resident_mib(server.process.pid))
    for client in clients:
        client.join()
    _wait_for(lambda: int(_version(server)) == newest)
    print(f"{len(versions)} answers of {len(set(versions))} versions; MiB: {resident}")
    assert failed == []
    assert set(versions) <= set(range(1, newest + 1))
    assert len(set(versions)) > 3
    assert max(resident[len(resident) // 2 :]) < max(resident[: len(resident) // 2]) + 100


def _resident_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def test_sigterm_answers_the_request_in_hand(served, asked):
    """The last test of this file: the server has ended after it."""
    answers = []
    body = {"instances": [{"image": _b64(raw), "tags": tags} for raw, tags in asked]}
    asking = threading.Thread(target=lambda: answers.append(served.ask("POST", f"{PATH}:predict", body)))
    asking.start()
    asking.join(0.1)  # its images wait a second for others
    assert asking.is_alive()
    status, said = served.end(signal.SIGTERM)
    asking.join(60)
    assert (answers[0][0], len(answers[0][1]["predictions"])) == (200, len(asked))
    assert status == 128 + signal.SIGTERM
    assert said == "stopped: the open requests were answered\n"
