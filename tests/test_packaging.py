"""What is installed: pins that are plain, and a wheel that holds all it needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PINS = ("requirements.txt", "requirements-test.txt")
TESTED = ("beam", "bench", "engines", "report", "safetensors", "serve")
"""The extras that the tests need."""


@pytest.mark.parametrize("name", PINS)
def test_pins_are_plain_name_and_version_lines(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


@pytest.mark.parametrize(("name", "extra"), list(zip(PINS, (False, True), strict=True)))
def test_every_dependency_is_pinned(name, extra):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    tested = [line for name in ("test", *TESTED) for line in extras[name]]
    wanted = project["dependencies"] + (tested if extra else [])
    pinned = {line.partition("==")[0].replace("_", "-") for line in (ROOT / name).read_text().splitlines()}
    names = {re.split(r"[<>=\[;]", line)[0].strip().replace("_", "-") for line in wanted}
    assert names - pinned <= {project["name"]}


def test_the_core_is_tested_with_the_versions_it_is_pinned_to():
    core, tested = (set((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in PINS)
    assert core <= tested


@pytest.mark.slow
def test_the_wheel_holds_the_code_and_its_data_and_no_tests(tmp_path):
    build = f"from setuptools.build_meta import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    code = [file for room in ("mmannot_tf", "tfrecords_tools") for file in (ROOT / room).rglob("*.py")]
    data = {
        "configs/quickstart.toml",
        "paper/measured.md",
        "paper/tables.csv",
        "paper/lqp_tables.csv",
        "paper/readings.toml",
        "serving/model_card.md",
        "serving/server/page/index.html",
        "serving/server/page/page.css",
        "serving/server/page/page.js",
    }
    assert {str(file.relative_to(ROOT)) for file in code} <= names
    assert {f"mmannot_tf/{name}" for name in data} <= names
    assert not [name for name in names if name.startswith("tests")]
