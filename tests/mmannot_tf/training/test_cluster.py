import concurrent.futures
import json
import socket
import threading

import pytest

from mmannot_tf.training.cluster import Cluster, read_cluster, wait_for_all
from tfrecords_tools.shell.errors import UserError

TWO = {"worker": ["a:1", "b:2"]}


def _config(cluster=TWO, **task):
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0, **task}})


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        (_config(), Cluster(("a:1", "b:2"), 0)),
        (_config(index=1), Cluster(("a:1", "b:2"), 1)),
        (_config(index="1"), Cluster(("a:1", "b:2"), 1)),
        (_config({"worker": ["b:2"], "chief": ["a:1"]}), Cluster(("a:1", "b:2"), 1)),
        (_config({"worker": ["b:2"], "chief": ["a:1"]}, type="chief"), Cluster(("a:1", "b:2"), 0)),
        (_config({"worker": ["[::1]:7"]}), Cluster(("[::1]:7",), 0)),
    ],
)
def test_the_chief_comes_first(text, cluster):
    assert read_cluster(text) == cluster


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (None, "Received: none"),
        ("", "Received: none"),
        ("{broken", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "list instead of an object"),
        ("null", "NoneType instead of an object"),
        ('{"cluster": []}', "Received: none"),
        ('{"cluster": ["a:1"]}', r"name the workers. Received: \['a:1'\]"),
        (_config({"ps": ["a:1"]}), "name the workers. Received: ps"),
        (_config({"worker": []}), r"cluster.worker \[\]"),
        (_config({"worker": "a:1"}), 'cluster.worker "a:1"'),
        (_config({"worker": ["a"]}), "HOST:PORT"),
        (_config({"worker": ["a:99999"]}), "HOST:PORT"),
        (_config({"worker": [1]}), "HOST:PORT"),
        ('{"cluster": {"worker": ["a:1"]}}', "no task"),
        (_config(type="evaluator"), 'task.type "evaluator", which must be one of worker'),
        (_config(type=["worker"]), "task.type"),
        (_config(index=5), "task.index 5, which must be 0 to 1 for worker"),
        (_config(index=-1), "task.index -1"),
        (_config(index=None), "task.index null"),
        (_config(index=0.5), "task.index 0.5"),
        (_config(index=True), "task.index true"),
        (_config(index="one"), 'task.index "one"'),
    ],
)
def test_fault_18_what_is_wrong_with_tf_config_is_one_line(text, received):
    with pytest.raises(UserError, match=received) as caught:
        read_cluster(text)
    assert "\n" not in str(caught.value)


@pytest.fixture
def addresses():
    """Two free addresses of this machine."""
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in (first, second))


def test_one_process_waits_for_nothing():
    wait_for_all(Cluster(("nowhere.invalid:1",), 0), limit=0.0)


def test_processes_find_each_other(addresses):
    found = threading.Barrier(2)

    def process(number):
        wait_for_all(Cluster(addresses, number), limit=60.0)
        with socket.create_server(("", int(addresses[number].rpartition(":")[2]))):  # as TensorFlow does now
            found.wait(60.0)

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        for end in [threads.submit(process, number) for number in (0, 1)]:
            end.result()


@pytest.mark.slow
def test_fault_18_who_is_missing_is_reported_until_the_limit(addresses, capsys):
    with pytest.raises(UserError, match=rf"within 1\.5 s\. Received: no answer from {addresses[1]}\."):
        wait_for_all(Cluster(addresses, 0), limit=1.5, report=0.4)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert f"waiting for 1 of 2 processes: {addresses[1]}" in lines[0]


def test_an_address_in_use_is_one_line(addresses):
    with (
        socket.create_server(("", int(addresses[0].rpartition(":")[2]))),
        pytest.raises(UserError, match="own address in TF_CONFIG must be free"),
    ):
        wait_for_all(Cluster(addresses, 0))
