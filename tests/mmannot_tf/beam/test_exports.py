"""Exports in a bucket are copied to the worker once, and all workers open one version."""

import shutil

import pytest

from mmannot_tf.beam.exports import local_copy, pinned
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def _export(folder, version, text):
    (folder / str(version) / "variables").mkdir(parents=True)
    (folder / str(version) / "export.json").write_text(text)
    (folder / str(version) / "variables" / "data").write_bytes(b"\x00" * 10)


def test_the_highest_version_is_pinned(bucket):
    for version in (2, 9, 10):
        _export(bucket / "export", version, str(version))
    (bucket / "export" / "11").mkdir()
    (bucket / "export" / "11" / "half").touch()
    assert pinned("bucket://export/") == "bucket://export/10"
    assert pinned("bucket://export/2") == "bucket://export/2"
    with pytest.raises(UserError, match=r"Received: bucket://absent, without export.json"):
        pinned("bucket://absent")


def test_a_copy_is_made_once_and_again_after_a_change(bucket, copies):
    _export(bucket, 1, "first")
    first = local_copy("bucket://1")
    assert sorted(file.relative_to(first).as_posix() for file in first.rglob("*") if file.is_file()) == [
        "export.json",
        "variables/data",
    ]
    (first / "export.json").write_text("seen")
    assert (local_copy("bucket://1") / "export.json").read_text() == "seen"
    (bucket / "1" / "export.json").write_text("longer than before")
    assert (local_copy("bucket://1") / "export.json").read_text() == "longer than before"
    assert not [*copies.rglob("tmp*")]


def test_a_copy_that_failed_is_begun_anew(bucket, copies, monkeypatch):
    _export(bucket, 1, "whole")
    whole = shutil.copyfileobj

    def broken(source, target, size):
        raise OSError("lost connection")

    monkeypatch.setattr(shutil, "copyfileobj", broken)
    with pytest.raises(OSError, match="lost connection"):
        local_copy("bucket://1")
    monkeypatch.setattr(shutil, "copyfileobj", whole)
    assert (local_copy("bucket://1") / "export.json").read_text() == "whole"


def test_a_folder_of_another_user_is_not_used(bucket, copies, monkeypatch):
    _export(bucket, 1, "first")
    local_copy("bucket://1")
    (folder,) = copies.iterdir()
    folder.rename(copies / "mmannot-exports-4242")
    monkeypatch.setattr("os.getuid", lambda: 4242)
    with pytest.raises(UserError, match="must be of this user"):
        local_copy("bucket://1")
