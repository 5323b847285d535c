"""What a run of the tests says of itself: a test that takes too long for `make test` fails it by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).with_name("plugins")
INI = "[pytest]\nmarkers =\n    slow: x\n    exhaustive: x\n"
CONFTEST = "import measures\nmeasures.LIMIT = 0.2\npytest_plugins = ['measures']\n"
BURN = """
import subprocess, sys, time
import pytest

def burn():
    end = time.process_time() + 0.4
    while time.process_time() < end:
        pass

@pytest.fixture(scope="module")
def shared():
    burn()
"""


@pytest.fixture(
    params=[
        pytest.param((), id="one process"),
        pytest.param(("-n", "2"), id="two processes", marks=pytest.mark.exhaustive),
    ]
)
def run(request, tmp_path):
    """Runs a file of tests of its own; exit status and output."""

    def ended(tests):
        (tmp_path / "pytest.ini").write_text(INI)
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_it.py").write_text(BURN + tests)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment["PYTHONPATH"] = str(PLUGINS)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *request.param]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout

    return ended


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_test_that_takes_too_long_fails_the_run_by_name(run):
    status, told = run("def test_long():\n    burn()\n\ndef test_short():\n    pass\n")
    assert status == 1
    assert "2 passed" in told
    (line,) = [line for line in told.splitlines() if "must take at most" in line]
    assert line.endswith("test_it.py::test_long")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_shared_fixtures_and_exhaustive_tests_may_take_long(run):
    exhaustive = "@pytest.mark.exhaustive\ndef test_long():\n    burn()\n"
    status, told = run(exhaustive + "\ndef test_first(shared):\n    pass\n")
    assert status == 0, told


@pytest.mark.slow
def test_a_fast_test_must_not_start_a_process(run):
    start = "def test_{0}():\n    subprocess.run([sys.executable, '-c', ''], check=True)\n"
    status, told = run(start.format("fast") + "\n@pytest.mark.slow\n" + start.format("slow"))
    assert status == 1
    assert "1 failed, 1 passed" in told
    assert "AssertionError: A test that starts a process must be marked slow" in told
    assert "FAILED test_it.py::test_fast" in told
