"""Several processes on one machine: what each is told, what is shown, how they end."""

import json
import os
import signal
import subprocess
import sys

import pytest

from mmannot_tf.cli.launch import environments, local_gpus, run_workers

TASK = "import json, os, sys; task = json.loads(os.environ['TF_CONFIG'])['task']['index']; "


def _python(code):
    return [sys.executable, "-c", TASK + code]


def test_each_worker_is_told_all_addresses_and_its_own_place():
    told = [json.loads(environment["TF_CONFIG"]) for environment in environments(3, gpus=[])]
    assert [environment["task"] for environment in told] == [
        {"type": "worker", "index": number} for number in range(3)
    ]
    assert all(environment["cluster"] == told[0]["cluster"] for environment in told)
    addresses = told[0]["cluster"]["worker"]
    assert len(set(addresses)) == 3
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_the_gpus_are_divided_among_the_workers():
    told = environments(2, gpus=["0", "1", "2", "3"])
    assert [environment["CUDA_VISIBLE_DEVICES"] for environment in told] == ["0,1", "2,3"]
    assert all("CUDA_VISIBLE_DEVICES" not in environment for environment in environments(2, gpus=[]))


def test_gpus_are_those_of_the_environment_or_of_the_machine(tmp_path):
    for name in ("nvidia0", "nvidia10", "nvidia2", "nvidiactl", "null"):
        (tmp_path / name).touch()
    assert local_gpus({}, tmp_path) == ["0", "2", "10"]
    assert local_gpus({"CUDA_VISIBLE_DEVICES": "3,1"}, tmp_path) == ["3", "1"]
    assert local_gpus({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == []


@pytest.mark.slow
def test_lines_bear_the_workers_number(capsys):
    assert run_workers(_python("print('here', task); print('there', file=sys.stderr)"), workers=2) == 0
    told = capsys.readouterr()
    assert sorted(told.out.splitlines()) == ["[0] here 0", "[1] here 1"]
    assert sorted(told.err.splitlines()) == ["[0] there", "[1] there"]


@pytest.mark.slow
def test_the_first_failure_ends_all_and_is_the_status(tmp_path, capsys):
    """Worker 1 fails as soon as worker 0 can tell that it is asked to end."""
    worker = f"""
import pathlib, signal, time
ready = pathlib.Path({str(tmp_path / "ready")!r})
if task:
    while not ready.exists():
        time.sleep(0.01)
    sys.exit(7)
signal.signal(signal.SIGTERM, lambda *_: (print("asked to end", flush=True), os._exit(0)))
ready.touch()
time.sleep(60)
"""
    assert run_workers(_python(worker), workers=2) == 7
    assert capsys.readouterr().out == "[0] asked to end\n"


@pytest.mark.slow
def test_a_signal_while_workers_start_reaches_all_of_them(monkeypatch):
    started, start = [], subprocess.Popen

    def start_and_signal(*words, **options):
        started.append(start(*words, **options))
        if len(started) == 1:
            signal.raise_signal(signal.SIGTERM)
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start_and_signal)
    assert run_workers(_python("import time; time.sleep(60)"), workers=2) == 128 + signal.SIGTERM
    assert [process.returncode for process in started] == [-signal.SIGTERM] * 2


@pytest.mark.slow
def test_a_worker_killed_by_a_signal_counts_as_in_a_shell():
    assert run_workers(_python("os.kill(os.getpid(), 9)"), workers=1) == 128 + 9


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_passed_on(number):
    """The program says it is there, is signalled, and each worker tells which signal it got."""
    worker = (
        "import signal, time; "
        "[signal.signal(s, lambda n, _: (print('got', n, flush=True), os._exit(3))) for s in (2, 15)]; "
        "print('ready', flush=True); time.sleep(60)"
    )
    call = f"run_workers({_python(worker)!r}, workers=2)"
    code = f"import sys; from mmannot_tf.cli.launch import run_workers; sys.exit({call})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert sorted(process.stdout.readline() for _ in range(2)) == ["[0] ready\n", "[1] ready\n"]
        os.kill(process.pid, number)
        told = process.communicate(timeout=60)[0]
    assert sorted(told.splitlines())[:2] == [f"[0] got {int(number)}", f"[1] got {int(number)}"]
    assert process.returncode == 3
