"""SIGTERM (preemption) and Ctrl-C: no step is lost."""

import os
import signal
import time

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

STRUCK = {
    signal.SIGTERM: (143, ("cnn", "ms_cnn", "classifier", "cnn_logistic"), ("--methods", "cnn_logistic")),
    signal.SIGINT: (130, ("cnn", "tag_encoder"), ("--stages", "cnn,tag_encoder")),
}


def _wait_for(rig, process, stage) -> None:
    """Waits until the process trains the stage."""
    deadline = time.monotonic() + 200
    while not any(step.startswith(f"{stage} ") for step in rig.steps()):
        assert process.poll() is None, process.communicate()[1][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", STRUCK, ids=lambda number: signal.Signals(number).name)
def test_a_signal_ends_with_one_line_and_its_status_and_loses_nothing(rig, untouched, row, number):
    name, (status, stages, which) = signal.Signals(number).name, STRUCK[number]
    options = (*which, "--set", "training.checkpoint_seconds=300")
    for stage in stages:
        process = rig.start(*options, slow=0.05)
        _wait_for(rig, process, stage)
        os.kill(process.pid, number)
        told = process.communicate(timeout=100)[1]
        assert process.returncode == status, told[-3000:]
        assert "Traceback" not in told
        (line,) = [line for line in told.splitlines() if line.startswith("interrupted")]
        assert line.startswith(f"interrupted by {name}: {stage} is saved after")
        assert told.splitlines()[-1] == line
    assert rig.done(*options)[0] == 0
    assert rig.result(*stages) == untouched.result(*stages)
    assert rig.repeated() == 0
    row(
        f"{name}: exit status {status}, one line",
        how=f"sent from outside in {', '.join(stages)}; `checkpoint_seconds = 300`",
        times=len(stages),
        lost="0 steps",
        recovered="bit for bit",
    )


def test_a_second_signal_ends_at_once(rig, untouched, row):
    """The process does not wait for a step of 60 seconds."""
    process = rig.start("--stages", "cnn", slow=60.0)
    _wait_for(rig, process, "cnn")
    os.kill(process.pid, signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=100)
    seconds = time.monotonic() - begun
    assert process.returncode == -signal.SIGTERM  # after the step it would be 143
    assert rig.done("--stages", "cnn")[0] == 0
    assert rig.result("cnn") == untouched.result("cnn")
    row(
        "a second SIGTERM while the first waits for its step",
        how="in a step of 60 s",
        times=1,
        lost="the step under way",
        recovered=f"ended in {seconds:.1f} s; then bit for bit",
    )
