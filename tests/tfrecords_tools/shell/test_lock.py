import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfrecords_tools.shell import flock
from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import (
    atomic_path,
    clear_leftovers_in,
    restore_in,
    staging_folders,
    write_text,
)
from tfrecords_tools.shell.flock import open_folder, try_lock
from tfrecords_tools.shell.lock import folder_lock, lock_file, writer_lock

HOLD = """
import sys, time
from pathlib import Path
from tfrecords_tools.shell.lock import writer_lock
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
    assert f"removed the staging folder of an interrupted command: {staging}" in said
    assert (f"restored: {final}" in said) == after_moving


def test_staging_folders_lists_those_of_a_running_writer(tmp_path):
    with atomic_folder(tmp_path / "1.0.0") as staging:
        assert staging_folders(tmp_path / "1.0.0") == [staging.parent]
        staging.mkdir()
    assert staging_folders(tmp_path / "1.0.0") == []


def test_other_folders_beside_it_are_left_alone(tmp_path):
    stranger = tmp_path / ".2.0.0.abc"
    stranger.mkdir()
    with writer_lock(tmp_path / "1.0.0"):
        assert stranger.is_dir()


def test_folders_of_names_that_are_not_ours_are_neither_cleared_nor_restored(tmp_path):
    """Versions of an export are numbers. Another program may stage its own files in the same way."""
    for name in ("1", "notes"):
        (tmp_path / name).mkdir()
    ours = killed_writer(tmp_path / "1", after_moving=True)
    theirs = killed_writer(tmp_path / "notes", after_moving=True)
    restore_in(tmp_path, str.isdecimal)
    assert sorted(tmp_path.iterdir()) == [ours, theirs, tmp_path / "1"]
    clear_leftovers_in(tmp_path, str.isdecimal)
    assert sorted(tmp_path.iterdir()) == [theirs, tmp_path / "1"]


def test_readers_restore_nothing_while_the_writer_runs(tmp_path):
    (tmp_path / "1").mkdir()
    staging = killed_writer(tmp_path / "1", after_moving=True)
    writer = open_folder(staging)
    try:
        assert try_lock(writer) == "locked"
        restore_in(tmp_path, str.isdecimal)
        assert not (tmp_path / "1").exists()
    finally:
        os.close(writer)
    restore_in(tmp_path, str.isdecimal)
    assert (tmp_path / "1").is_dir()


def test_a_restoring_that_the_file_system_refuses_is_told(tmp_path, monkeypatch):
    """A reader may not write where the exports are, as in a container's read-only volume."""
    (tmp_path / "1").mkdir()
    killed_writer(tmp_path / "1", after_moving=True)

    def refuse(self, target):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(UserError, match=r"cannot be moved back \(Read-only file system\)"):
        restore_in(tmp_path, str.isdecimal)


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
    with pytest.raises(FileNotFoundError), atomic_folder(final):
        pass  # nothing is made at the yielded path, so the last rename fails
    assert (final / "old").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [final]


def test_a_second_writer_in_the_same_process_is_refused(tmp_path):
    run = tmp_path / "run"
    with folder_lock(run, command="train", option="--run"):
        (run / "mine").touch()
        with (
            pytest.raises(UserError, match=r"--run must have one writer at a time.*where another train is"),
            folder_lock(run, command="train", option="--run"),
        ):
            pass
    assert (run / "mine").exists()


def test_a_new_folder_that_stays_empty_is_removed(tmp_path):
    with folder_lock(tmp_path / "run", command="train", option="--run"):
        assert (tmp_path / "run").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_is_needed_is_left_alone(tmp_path):
    (tmp_path / "run").write_text("mine")
    with (
        pytest.raises(UserError, match="--run must be a folder"),
        folder_lock(tmp_path / "run", command="train", option="--run"),
    ):
        pass
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.EBADF, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_reported_and_used(tmp_path, monkeypatch, capsys, refusal):
    """What NFS says to the lock of a folder. A running writer's staging folder is then never removed."""
    import fcntl

    def refuse(descriptor, operation):
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(fcntl, "flock", refuse)
    final = tmp_path / "1.0.0"
    staging = killed_writer(final, after_moving=False)
    with writer_lock(final):
        write_text(final, "written")
    assert final.read_text() == "written"
    assert staging.is_dir()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: ") and "has no locks" in line


def test_a_system_without_locks_writes_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(flock.sys, "platform", "win32")
    with writer_lock(tmp_path / "1.0.0"):
        write_text(tmp_path / "1.0.0", "written")
    assert (tmp_path / "1.0.0").read_text() == "written"


def test_a_file_has_one_writer_until_it_is_closed(tmp_path):
    path = tmp_path / "labels.jsonl"
    with path.open("w+b") as first, path.open("r+b") as second:
        assert lock_file(first, path, command="annotate", option="--out")
        with pytest.raises(UserError, match="one writer at a time"):
            lock_file(second, path, command="annotate", option="--out")
    with path.open("r+b") as third:
        assert lock_file(third, path, command="annotate", option="--out")


def test_a_file_that_its_writer_replaced_meanwhile_is_refused(tmp_path):
    """Else what is written to the old file would be lost."""
    path = tmp_path / "labels.jsonl"
    path.write_text("old")
    with path.open("r+b") as late:
        write_text(path, "new")
        with pytest.raises(UserError, match="one writer at a time"):
            lock_file(late, path, command="annotate", option="--out")


def test_leftovers_of_all_files_are_removed_but_for_a_running_writers(tmp_path, capsys):
    killed_writer(tmp_path / "stage.json", after_moving=False)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".a.file1").write_text("")
    with atomic_folder(tmp_path / "weights") as staging:
        clear_leftovers_in(tmp_path)
        assert {entry.name for entry in tmp_path.iterdir()} == {".hidden", ".a.file1", staging.parent.name}
        staging.mkdir()
    assert "stage.json" in capsys.readouterr().err


def test_writing_a_file_clears_away_what_its_killed_writers_left(tmp_path, capsys):
    killed_writer(tmp_path / "stage.json", after_moving=False)
    write_text(tmp_path / "stage.json", "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["stage.json"]
    assert "stage.json" in capsys.readouterr().err


def test_names_that_begin_alike_are_told_apart(tmp_path):
    staging = killed_writer(tmp_path / "a.b", after_moving=False)
    assert staging_folders(tmp_path / "a") == []
    assert staging_folders(tmp_path / "a.b") == [staging]
    assert staging_folders(tmp_path / "[a]") == []


def test_names_of_the_longest_length_have_staging_folders_of_their_own(tmp_path):
    paths = [tmp_path / ("é" * 127 + end) for end in "ab"]
    with atomic_path(paths[0]) as one, atomic_path(paths[1]) as other:
        assert [staging_folders(path) for path in paths] == [[one.parent], [other.parent]]
        for path, staging in zip(paths, (one, other), strict=True):
            staging.write_text(path.name[-1])
    assert [path.read_text() for path in paths] == ["a", "b"]
    with pytest.raises(OSError, match="No space") as caught, atomic_path(paths[0]) as staging:
        raise OSError(errno.ENOSPC, "No space left", str(staging))
    assert caught.value.filename == str(paths[0])


def _full(number):
    raise OSError(number, os.strerror(number))


def test_an_error_of_the_disk_names_the_file(tmp_path):
    """A failed write has no file name of its own."""
    for path in (tmp_path / "scores.json", tmp_path / "weights"):
        with pytest.raises(OSError) as caught, atomic_path(path):
            _full(errno.ENOSPC)
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))


def test_an_error_that_is_text_alone_names_the_file_too(tmp_path):
    """As h5py raises it."""
    with pytest.raises(OSError) as caught, atomic_path(tmp_path / "w.h5"):
        raise OSError("Unable to write (errno = 28, error message = 'No space left on device')")
    assert caught.value.filename == str(tmp_path / "w.h5")
    assert "No space left on device" in caught.value.strerror


def test_another_files_error_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "out.json"):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")
