"""A bucket: a file system of Beam that is none of this machine's, with objects instead of folders."""

import shutil
from pathlib import Path

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem


class BucketFileSystem(FileSystem):
    """Objects `bucket://NAME` as files below `root`; like GCS it knows only names, and no folders."""

    root = Path()

    @classmethod
    def scheme(cls):
        return "bucket"

    def _file(self, path):
        return self.root / path.removeprefix("bucket://")

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for file in sorted(self.root.rglob("*")):
            name = f"bucket://{file.relative_to(self.root).as_posix()}"
            if file.is_file() and name.startswith(dir_or_prefix):
                yield self.metadata(name)

    def create(self, path, mime_type=None, compression_type=None):
        self._file(path).parent.mkdir(parents=True, exist_ok=True)
        return self._file(path).open("wb")

    def open(self, path, mime_type=None, compression_type=None):
        return self._file(path).open("rb")

    def copy(self, source_file_names, destination_file_names):
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            shutil.copy(self._file(source), self._file(destination))

    def rename(self, source_file_names, destination_file_names):
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            self._file(source).rename(self._file(destination))

    def exists(self, path):
        return self._file(path).is_file()

    def size(self, path):
        return self._file(path).stat().st_size

    def last_updated(self, path):
        return self._file(path).stat().st_mtime

    def checksum(self, path):
        return str(self.size(path))

    def metadata(self, path):
        return FileMetadata(path, self.size(path), self.last_updated(path))

    def delete(self, paths):
        missing = {path: "no such object" for path in paths if not self.exists(path)}
        for path in paths:
            self._file(path).unlink(missing_ok=True)
        if missing:
            raise BeamIOError("Delete operation failed", missing)


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """The folder that holds the objects `bucket://…`."""
    root = tmp_path / "objects"
    root.mkdir()
    monkeypatch.setattr(BucketFileSystem, "root", root)
    return root
