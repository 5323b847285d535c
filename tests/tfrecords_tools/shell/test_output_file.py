"""What a file may replace, and what a user may name as one."""

import os
from pathlib import Path

import pytest

from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path, write_json, write_text
from tfrecords_tools.shell.output_file import output_file


@pytest.fixture
def folder(tmp_path):
    """A folder that holds a file."""
    made = tmp_path / "labels.csv"
    made.mkdir()
    (made / "kept.txt").write_text("kept")
    return made


def entries(place):
    return sorted(entry.name for entry in place.iterdir())


@pytest.mark.parametrize("write", [lambda path: write_text(path, "x"), lambda path: write_json(path, {})])
def test_a_file_never_replaces_a_folder(folder, write):
    with pytest.raises(IsADirectoryError) as caught:
        write(folder)
    assert caught.value.filename == str(folder)
    assert (folder / "kept.txt").read_text() == "kept" and entries(folder.parent) == ["labels.csv"]


def test_a_file_never_replaces_a_link_to_a_folder(folder):
    link = folder.parent / "link.csv"
    link.symlink_to(folder)
    with pytest.raises(IsADirectoryError):
        write_text(link, "x")
    assert link.is_symlink() and (folder / "kept.txt").is_file()


def test_a_file_never_replaces_a_pipe(tmp_path):
    """As it would a device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="Not a regular file"), atomic_path(pipe) as staging:
        staging.write_text("x")
    assert pipe.is_fifo() and entries(tmp_path) == ["pipe"]


def test_a_folder_replaces_a_folder_but_no_file(folder):
    with atomic_folder(folder) as staging:
        staging.mkdir()
        (staging / "new.txt").touch()
    assert entries(folder) == ["new.txt"]
    (folder.parent / "file").write_text("kept")
    with pytest.raises(NotADirectoryError), atomic_folder(folder.parent / "file") as staging:
        staging.mkdir()
    assert (folder.parent / "file").read_text() == "kept"


def test_what_a_user_names_must_be_a_regular_file(folder, monkeypatch):
    os.mkfifo(folder.parent / "pipe")
    (folder.parent / "circle").symlink_to("circle")
    (folder.parent / "to_folder").symlink_to(folder)
    for name in (folder.name, "to_folder"):
        with pytest.raises(UserError, match=f"--out must be a file. Received: .*{name}, a folder"):
            output_file(folder.parent / name, "--out")
    for name in ("pipe", "circle"):
        with pytest.raises(UserError, match=f"--out must be a regular file.*{name}, which is none"):
            output_file(folder.parent / name, "--out")
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="--save must be a file"):
        output_file(Path(), "--save")


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    (tmp_path / "real.json").write_text("old")
    for name, target in (("link", "real.json"), ("dangling", "new.json")):
        (tmp_path / name).symlink_to(target)
        write_text(output_file(tmp_path / name, "--out"), "new")
        assert (tmp_path / name).is_symlink() and (tmp_path / target).read_text() == "new"


def test_a_file_that_cannot_be_made_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as caught:
        output_file(tmp_path / "file" / "out.csv", "--out")
    assert caught.value.filename == str(tmp_path / "file" / "out.csv")
    assert output_file(tmp_path / "new" / "folder" / "out.csv", "--out").parent.name == "folder"
    assert entries(tmp_path) == ["file"]
