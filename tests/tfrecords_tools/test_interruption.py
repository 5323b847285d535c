"""A build that is killed at any moment leaves nothing that a reader would take for whole."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfrecords_tools.reading.records import open_records
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import staging_folders

ENTRY = "import sys; from tfrecords_tools.cli.main import main; sys.exit(main())"
OPTIONS = ("--images", "300", "--test-images", "40", "--size", "32")
FINAL = Path("synthetic", "default", "1.0.0")
MOMENTS = 8


def start(out: Path, *more: str) -> subprocess.Popen[str]:
    argv = ("build", "synthetic", "--out", str(out), *OPTIONS, *more)
    return subprocess.Popen(
        [sys.executable, "-c", ENTRY, *argv], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def wait_for_staging(process: subprocess.Popen[str], final: Path, *, known: set[Path]) -> None:
    while process.poll() is None and not set(staging_folders(final)) - known:
        time.sleep(0.002)


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", ["nothing there", "replacing others"])
def test_killed_at_many_moments(tmp_path: Path, before: str):
    out, final = tmp_path / "out", tmp_path / "out" / FINAL
    process = start(out)
    wait_for_staging(process, final, known=set())
    began = time.monotonic()
    process.communicate()
    lasts = time.monotonic() - began
    assert process.returncode == 0
    whole = open_records(out).digest
    more: tuple[str, ...] = ("--overwrite", "--seed", "1")
    if before == "nothing there":
        shutil.rmtree(final)
        more = ()
    draws = random.Random(4)
    left = said = 0
    for moment in range(MOMENTS):
        leftover = set(staging_folders(final))
        process = start(out, *more)
        wait_for_staging(process, final, known=leftover)
        time.sleep((moment + draws.random()) / MOMENTS * lasts)
        process.send_signal(signal.SIGKILL)
        said += "removed the staging folder of an interrupted command" in process.communicate()[1]
        if before == "nothing there":
            try:
                assert open_records(out).digest == whole
                assert verify(open_records(out)) == []
                shutil.rmtree(final)
            except UserError as error:
                assert "holds none" in str(error) or "must exist" in str(error)
        else:
            found = staging_folders(final)
            moved = any((staging / "replaced").is_dir() for staging in found)
            assert moved != final.exists()
            if final.exists():
                assert verify(open_records(out)) == []
        left += bool(staging_folders(final))
    assert left >= 2
    assert said >= left - 1
    process = start(out, *more)
    process.communicate()
    assert process.returncode == 0
    assert verify(open_records(out)) == []
    assert list(final.parent.iterdir()) == [final]
    if before == "nothing there":
        assert open_records(out).digest == whole
