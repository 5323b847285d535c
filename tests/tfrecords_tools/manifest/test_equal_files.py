import os

from tfrecords_tools.manifest.equal_files import equal_files


def test_files_of_the_same_bytes_are_grouped(tmp_path):
    for name, content in {"a": b"12", "b": b"21", "c": b"12", "d": b"123", "e": b"21", "f": b""}.items():
        (tmp_path / name).write_bytes(content)
    paths = ["a", "b", "c", "d", "e", "f", "missing", "missing too"]
    assert equal_files(tmp_path, paths) == [["a", "c"], ["b", "e"]]


def test_a_pipe_is_never_opened(tmp_path):
    (tmp_path / "empty.jpg").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    assert equal_files(tmp_path, ["empty.jpg", "pipe.jpg"]) == []
