"""What is installed: pins that are plain, and a wheel that holds all it needs."""

import json
import os
import re
import shutil
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


def _wheel(folder: Path) -> Path:
    """The wheel of this project, built into a folder."""
    build = f"from setuptools.build_meta import build_wheel; print(build_wheel({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    return wheel


def _interpreter(version: str) -> Path | None:
    """A Python of a version, on the PATH or of pyenv; None if there is none that runs."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in [*([on_path] if on_path else []), *sorted(pyenv.glob(f"{version}.*/bin/python"))]:
        asked = [python, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return Path(python)
    return None


def _labels(document: str) -> list[list[str]]:
    """The labels of each photograph, best first, from what `mmannot annotate --json` prints."""
    photographs = json.loads(document)["photographs"]
    return [[label["label"] for label in photograph["annotations"]] for photograph in photographs]


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
    wheel = _wheel(tmp_path)
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [file for room in ("mmannot_tf", "tfrecords_tools") for file in (ROOT / room).rglob("*")]
    needed = {str(file.relative_to(ROOT)) for file in files if file.is_file() and file.suffix != ".pyc"}
    needed |= {f"mmannot_tf/configs/{file.name}" for file in (ROOT / "configs").glob("*.toml")}
    assert sorted(needed - names) == []
    assert not [name for name in names if name.startswith("tests")]


@pytest.mark.exhaustive
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_wheel_works_on_later_versions_of_python(version, exported, scenes, tmp_path):
    """With the pinned packages in an environment of its own, about 2 GB, which is removed again."""
    python = _interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on the PATH or of pyenv")
    environment, wheel = tmp_path / "environment", _wheel(tmp_path)
    programs = environment / "bin"

    def run(*argv: str | Path) -> str:
        # not in the clone, whose packages would be imported
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1800)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    try:
        run(python, "-m", "venv", environment)
        pins = ("--constraint", ROOT / "requirements.txt")
        run(programs / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir", *pins, wheel)
        assert "annotate" in run(programs / "mmannot", "--help")
        assert "manifest" in run(programs / "mmannot-records", "build", "--help")
        where = run(programs / "python", "-c", "import mmannot_tf; print(mmannot_tf.__file__)")
        assert Path(where.strip()).is_relative_to(environment)
        photograph = next(iter(scenes))
        there = run(programs / "mmannot", "annotate", exported, photograph, "--json")
        here = run(sys.executable, "-m", "mmannot_tf", "annotate", exported, photograph, "--json")
        assert _labels(there) == _labels(here)
    finally:
        shutil.rmtree(environment, ignore_errors=True)
