"""Two workers on this machine, a fault in one: both end, and both resume together."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mmannot_tf.cli.launch import PROGRAM

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

STAGE = "tag_encoder"


def _start(rig) -> subprocess.Popen:
    command = ["launch", "--workers", "2", "--", "train", str(rig.config), "--data", str(rig.records)]
    return subprocess.Popen(
        [*PROGRAM, *command, "--run", str(rig.run), "--stages", STAGE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _last(rig) -> int:
    """The number of the last sealed checkpoint."""
    seals = (rig.run / "stages" / STAGE / "checkpoint").glob("*.seal.json")
    return max((int(file.name.split(".")[0].split("-")[1]) for file in seals), default=0)


def _struck(rig, number) -> tuple[int, str, float]:
    """Signals the second worker after another checkpoint; returns status, output, seconds to the end."""
    before, process, deadline = _last(rig), _start(rig), time.monotonic() + 200
    while _last(rig) <= before:
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[1]), number)
    begun = time.monotonic()
    told = process.communicate(timeout=100)[0]
    assert "Traceback" not in told, told[-3000:]
    return process.returncode, told, time.monotonic() - begun


def test_a_worker_that_is_struck_ends_both_and_both_go_on(rig, tmp_path, row):
    whole = type(rig)(tmp_path / "whole", rig.config, rig.records)
    untouched = _start(whole)
    assert "trained:" in untouched.communicate(timeout=300)[0]
    status, told, seconds = _struck(rig, signal.SIGTERM)
    assert status == 143
    assert told.count(f"interrupted by SIGTERM: {STAGE} is saved after") == 2
    killed, told, seconds_killed = _struck(rig, signal.SIGKILL)
    assert killed == 137
    assert told.count("error: All 2 processes must keep running") == 1
    process = _start(rig)
    told = process.communicate(timeout=300)[0]
    assert process.returncode == 0, told[-3000:]
    assert f"{STAGE}: resumed in epoch" in told
    assert rig.result(STAGE) == whole.result(STAGE)
    for name, seconds_to_end, lost in (
        ("SIGTERM", seconds, "0 steps: both stop after the same one"),
        ("SIGKILL", seconds_killed, "the step under way"),
    ):
        row(
            f"{name} to one of two workers (`mmannot launch`)",
            how=f"in the stage {STAGE}, a checkpoint after each step",
            times=1,
            lost=lost,
            recovered=f"all ended after {seconds_to_end:.1f} s; then bit for bit as two workers untouched",
        )
