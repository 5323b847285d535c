"""`make gpu` at tiny sizes on the CPU: that it answers, and what it says of what was not measured."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"


def _run(*options):
    return subprocess.run(
        [sys.executable, PROGRAM, *options], capture_output=True, text=True, check=False, timeout=1200
    )


@pytest.mark.exhaustive
def test_every_stage_and_precision_has_a_row():
    done = _run("--smoke")
    assert done.returncode == 0, done.stderr[-3000:]
    sections = done.stdout.split("### A step of ")
    assert [section.splitlines()[0] for section in sections[1:]] == [
        "bare ResNet-101",
        "cnn",
        "ms_cnn",
        "joint",
    ]
    for section in sections[2:]:
        rows = [line for line in section.splitlines() if line.startswith(("| float32 |", "| bfloat16 |"))]
        assert len(rows) == 2 * 2 * 2
        assert not any("not measured" in row for row in rows)
    assert "weights are equal within" in done.stdout
    assert "fewer than two GPUs" in done.stdout


@pytest.mark.exhaustive
def test_what_there_is_no_time_for_is_said():
    done = _run("--smoke", "--minutes", "0")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("not measured: no time left") == 4 * 2 * 2 * 2


@pytest.mark.exhaustive
def test_no_page_is_written_without_a_gpu(tmp_path):
    page = tmp_path / "gpu.md"
    page.write_text("<!-- made by a command: begin -->\n<!-- made by a command: end -->\n")
    before = page.read_bytes()
    for options in (["--smoke"], []):
        done = _run(*options, "--page", str(page))
        assert done.returncode == 1
        assert done.stderr
        assert page.read_bytes() == before
