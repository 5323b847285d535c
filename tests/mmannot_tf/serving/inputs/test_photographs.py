import os
import sys

import pytest

from mmannot_tf.serving.inputs.photographs import PhotographFile, photographs


def test_folders_are_walked_by_name_and_hold_only_photographs(photos):
    listing = list(photographs([photos]))
    assert [photograph.relative for photograph in listing] == [
        "a.png",
        "b.JPG",
        "inner/c.jpeg",
        "inner/deeper/d.jpg",
    ]
    assert listing[2] == PhotographFile(photos / "inner" / "c.jpeg", "inner/c.jpeg")


def test_named_files_are_taken_whatever_they_are(photos):
    named = [photos / "notes.txt", photos / "none.jpg"]
    assert [photograph.path for photograph in photographs(named)] == named


def test_links_to_folders_are_not_followed(photos):
    (photos / "inner" / "loop").symlink_to(photos)
    assert len(list(photographs([photos]))) == 4


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are always UTF-8")
def test_names_that_are_no_text_are_found(photos):
    name = os.fsdecode(b"\xff.jpg")
    (photos / name).write_bytes(b"")
    assert name in [photograph.relative for photograph in photographs([photos])]


def test_a_folder_that_cannot_be_listed_comes_out_itself(photos, monkeypatch):
    listed = os.scandir

    def scandir(folder):
        if folder.name == "inner":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [photograph.relative for photograph in photographs([photos])] == ["a.png", "b.JPG", "inner"]
