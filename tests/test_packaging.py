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


def _needed(project: dict, extra: str) -> list[str]:
    """The requirements of an extra, and of the project's other extras that it names."""
    needed = []
    for line in project["optional-dependencies"][extra]:
        own = re.fullmatch(rf"{project['name']}\[(.*)\]", line)
        needed += [one for name in own[1].split(",") for one in _needed(project, name)] if own else [line]
    return needed


@pytest.mark.parametrize("name", PINS)
def test_pins_are_plain_name_and_version_lines(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


@pytest.mark.parametrize(("name", "extra"), list(zip(PINS, (False, True), strict=True)))
def test_every_dependency_is_pinned(name, extra):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + (_needed(project, "test") if extra else [])
    pinned = {line.partition("==")[0].replace("_", "-") for line in (ROOT / name).read_text().splitlines()}
    names = {re.split(r"[<>=\[;]", line)[0].strip().replace("_", "-") for line in wanted}
    assert names - pinned == set()


def test_the_core_is_tested_with_the_versions_it_is_pinned_to():
    core, tested = (set((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in PINS)
    assert core <= tested


@pytest.mark.slow
def test_the_licences_of_all_pinned_packages_are_listed():
    done = subprocess.run(
        [sys.executable, "docs/third_party.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8"), "run `make docs`"
    assert "not installed here" not in done.stdout


@pytest.mark.slow
def test_the_wheel_holds_the_code_and_its_data_and_no_tests(tmp_path):
    build = f"from setuptools.build_meta import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [file for room in ("mmannot_tf", "tfrecords_tools") for file in (ROOT / room).rglob("*")]
    needed = {str(file.relative_to(ROOT)) for file in files if file.is_file() and file.suffix != ".pyc"}
    needed |= {f"mmannot_tf/configs/{file.name}" for file in (ROOT / "configs").glob("*.toml")}
    assert sorted(needed - names) == []
    assert not [name for name in names if name.startswith("tests")]
