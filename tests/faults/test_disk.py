"""A full disk, or no permission to write: an error in one line, and the earlier checkpoint is unchanged."""

import os
import resource
import subprocess

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

ONLY = ("--stages", "cnn")


def _one_line(status, told, cause) -> None:
    assert status == 1, told
    (line,) = [line for line in told if line.startswith("error: ")]
    assert told[-1] == line
    assert cause in line


def _goes_on(rig, untouched, saved) -> None:
    """Checks that saved files are unchanged and that the same command then gives the same result."""
    assert {name: digest for name, digest in rig.checkpoint("cnn").items() if name in saved} == saved
    assert rig.done(*ONLY)[0] == 0
    assert rig.result("cnn") == untouched.result("cnn")


def test_a_limit_on_the_size_of_files(begun, untouched, row):
    saved = begun.checkpoint("cnn")
    size = max(file.stat().st_size for file in begun.run.glob("stages/cnn/checkpoint/*.data-*")) - 1
    status, told = begun.done(*ONLY, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    _one_line(status, told, "File too large")
    _goes_on(begun, untouched, saved)
    row(
        "a checkpoint that cannot be written to its end",
        how=f"RLIMIT_FSIZE one byte below its size ({size:,})",
        times=1,
        lost="0 steps saved before",
        recovered="bit for bit, once there is room",
    )


@pytest.fixture
def small_disk(tmp_path):
    """A small file system for the run."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a file system: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(begun, untouched, small_disk, row):
    rig, saved = begun.copied(small_disk), begun.checkpoint("cnn")
    room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(bytes(room - 100_000))
    status, told = rig.done(*ONLY)
    _one_line(status, told, "No space left on device")
    (small_disk / "ballast").unlink()
    _goes_on(rig, untouched, saved)
    row(
        "a full disk",
        how="a tmpfs with 100 kB left",
        times=1,
        lost="0 steps saved before",
        recovered="bit for bit, once there is room",
    )


def test_a_folder_that_becomes_unwritable(begun, untouched, row):
    saved = begun.checkpoint("cnn")
    status, told = begun.done(*ONLY, place=0, do="forbid")
    _one_line(status, told, "ermission denied")
    (begun.run / "stages" / "cnn" / "checkpoint").chmod(0o755)
    _goes_on(begun, untouched, saved)
    row(
        "a run's folder that becomes unwritable while training",
        how="rights given up by the process (root) or taken from the folder, in mid-stage",
        times=1,
        lost="0 steps saved before",
        recovered="bit for bit, once it is writable",
    )
