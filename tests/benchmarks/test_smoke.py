"""Every program behind docs/performance.md, at tiny sizes: that it answers, not what."""

import ast
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def _questions():
    program = ast.parse((BENCHMARKS / "run.py").read_text())
    assigned = {one.targets[0].id: one.value for one in program.body if isinstance(one, ast.Assign)}
    return ast.literal_eval(assigned["QUESTIONS"]) + ast.literal_eval(assigned["LONGER"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", _questions())
def test_it_answers(name, tmp_path):
    if name == "beside_pytorch":
        pytest.importorskip("torchvision", reason="needs PyTorch: make torch")
    out = tmp_path / "answers.json"
    command = [sys.executable, BENCHMARKS / f"{name}.py", "--smoke", "--json", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(out.read_text())
    assert answers
    for one in answers:
        assert math.isfinite(one["ratio"]), one
        assert one["ratio"] >= 0, one
        assert one["question"] in done.stdout
