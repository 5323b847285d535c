import subprocess
import sys
from pathlib import Path

import pytest

from tfrecords_tools.building.writer_lock import writer_lock
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path, staging_folders

HOLD = """
import sys, time
from pathlib import Path
from tfrecords_tools.building.writer_lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def killed_writer(final: Path, *, after_moving: bool) -> Path:
    """What a writer of `final` leaves that is killed before, or after, it moved the old folder away."""
    staging = final.parent / f".{final.name}.x1y2z3"
    (staging / "building").mkdir(parents=True)
    (staging / "building" / "shard").write_text("half")
    if after_moving:
        final.rename(staging / "replaced")
    return staging


@pytest.mark.parametrize("after_moving", [False, True])
def test_what_a_killed_writer_left_is_cleared_away(tmp_path, capsys, after_moving):
    final = tmp_path / "sets" / "1.0.0"
    final.mkdir(parents=True)
    (final / "old").write_text("whole")
    staging = killed_writer(final, after_moving=after_moving)
    with writer_lock(final):
        assert (final / "old").read_text() == "whole"
        assert list(final.parent.iterdir()) == [final]
    said = capsys.readouterr().err
    assert f"removed the staging folder of an interrupted build: {staging}" in said
    assert (f"restored: {final}" in said) == after_moving


def test_staging_folders_lists_those_of_atomic_path(tmp_path):
    with atomic_path(tmp_path / "1.0.0") as staging:
        assert staging_folders(tmp_path / "1.0.0") == [staging.parent]
        staging.mkdir()
    assert staging_folders(tmp_path / "1.0.0") == []


def test_other_folders_beside_it_are_left_alone(tmp_path):
    stranger = tmp_path / ".2.0.0.abc"
    stranger.mkdir()
    with writer_lock(tmp_path / "1.0.0"):
        assert stranger.is_dir()


@pytest.mark.slow
def test_a_second_writer_is_refused_until_the_first_ends_or_is_killed(tmp_path):
    final = tmp_path / "1.0.0"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(final)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="one writer at a time"), writer_lock(final):
            pass
        holder.kill()
    with writer_lock(final):
        assert staging_folders(final) == []


def test_a_failed_replacement_restores_the_old_folder(tmp_path):
    final = tmp_path / "records"
    final.mkdir()
    (final / "old").write_text("whole")
    with pytest.raises(FileNotFoundError), atomic_path(final):
        pass  # nothing is made at the yielded path, so the last rename fails
    assert (final / "old").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [final]
