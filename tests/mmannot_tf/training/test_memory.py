"""Memory over 5,000 steps of the loop, in over a hundred epochs with a new pipeline each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GROWTH = 64
"""MiB from step 1,000 to step 5,000. Measured: about 30, most of it early. A pass that kept half a MiB for
good, as `tf.data.experimental.prefetch_to_device` does, would add over 80."""


@pytest.mark.exhaustive
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc, where Linux tells the memory"
)
def test_memory_does_not_grow_over_5000_steps(tiny_records, tmp_path):
    program = Path(__file__).with_name("long_training.py")
    command = [sys.executable, program, tiny_records.path, tmp_path, 5000]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    resident = json.loads(done.stdout)
    assert resident["5000"] - resident["1000"] < GROWTH, resident
