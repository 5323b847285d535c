"""benchmarks/capacity.py at tiny sizes: that it measures, not what."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "capacity.py"


@pytest.mark.exhaustive
def test_both_tables_have_a_row_for_the_engine(exported):
    command = [sys.executable, PROGRAM, exported, "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    bulk, served = re.findall(r"^\| openvino \| (.*) \|$", done.stdout, re.MULTILINE)
    assert all(float(number.replace(",", "")) > 0 for number in bulk.split(" | ")[:2])
    requests, *_, failed, memory = (float(number) for number in served.split(" | "))
    assert requests > 0 and failed == 0 and memory > 0
