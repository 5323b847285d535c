import os
import stat

import pytest

from tfrecords_tools.photographs.sidecars import MAX_BYTES, SidecarFinder, read_sidecar, write_sidecar


def _folder(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"x")


def _written(folder, name, photograph="a.jpg"):
    return SidecarFinder(name).path_to_write(folder / photograph).name


@pytest.mark.parametrize(
    ("names", "full", "stem"),
    [
        ([], "a.jpg.xmp", "a.xmp"),
        (["a.jpg.xmp"], "a.jpg.xmp", "a.jpg.xmp"),
        (["a.xmp"], "a.xmp", "a.xmp"),
        (["a.XMP"], "a.XMP", "a.XMP"),
        (["a.jpg.XMP", "a.xmp"], "a.jpg.XMP", "a.jpg.XMP"),
        (["a.CR2", "a.xmp"], "a.xmp", "a.xmp"),
        (["a.CR2"], "a.jpg.xmp", "a.xmp"),
        (["a.png", "a.xmp"], "a.jpg.xmp", "a.jpg.xmp"),
        (["a.HEIC"], "a.jpg.xmp", "a.jpg.xmp"),
        (["b.png", "b.xmp", "A.xmp", "a.jpg.png"], "a.jpg.xmp", "a.xmp"),
    ],
)
def test_an_existing_sidecar_is_used_unless_it_may_be_another_photographs(tmp_path, names, full, stem):
    _folder(tmp_path, "a.jpg", *names)
    assert _written(tmp_path, "full") == full
    assert _written(tmp_path, "stem") == stem


def test_the_short_name_of_one_photograph_is_not_the_full_name_of_another(tmp_path):
    _folder(tmp_path, "a.jpg", "a.jpg.png", "a.jpg.xmp")
    assert _written(tmp_path, "stem", "a.jpg.png") == "a.jpg.png.xmp"
    assert _written(tmp_path, "stem", "a.jpg") == "a.jpg.xmp"


def test_a_sidecar_that_was_written_since_the_folder_was_listed_is_found(tmp_path):
    _folder(tmp_path, "a.jpg")
    finder = SidecarFinder("stem")
    assert finder.find(tmp_path / "a.jpg").usable == []
    finder.path_to_write(tmp_path / "a.jpg").touch()
    assert finder.find(tmp_path / "a.jpg").usable == [tmp_path / "a.xmp"]


def test_folders_that_are_left_are_forgotten(tmp_path):
    finder = SidecarFinder()
    for name in ("one", "two", "three", "two"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "a.XMP").touch()
        assert finder.find(tmp_path / name / "a.jpg").stem == tmp_path / name / "a.XMP"
    assert finder.find(tmp_path / "none" / "a.jpg").usable == []


def test_what_is_no_sidecar_is_not_read(tmp_path):
    assert read_sidecar(tmp_path / "none.xmp") is None
    os.mkfifo(tmp_path / "pipe.xmp")
    (tmp_path / "folder.xmp").mkdir()
    with (tmp_path / "large.xmp").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for name, message in (("pipe", "regular"), ("folder", "regular"), ("large", "bytes, more than")):
        with pytest.raises(ValueError, match=message):
            read_sidecar(tmp_path / f"{name}.xmp")
    (tmp_path / "dead.xmp").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        read_sidecar(tmp_path / "dead.xmp")


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path):
    target, link = tmp_path / "elsewhere" / "t.xmp", tmp_path / "a.xmp"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("elsewhere/t.xmp")
    write_sidecar(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_without_write_permission_is_not_replaced(tmp_path, monkeypatch):
    file = tmp_path / "a.xmp"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may write everywhere
    with pytest.raises(PermissionError):
        write_sidecar(file, b"new")
    assert file.read_bytes() == b"old"
