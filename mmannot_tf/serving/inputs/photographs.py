"""The photographs of this machine: named files, and all photographs below named folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.serving.inputs.passed_over import PassedOver
from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.photographs.regular_files import read_photograph


@dataclass(frozen=True)
class PhotographFile:
    """A photograph in a file of this machine.

    Attributes:
        path: its path, below the path that the user named.
        relative: its path relative to the named folder; of a named file its name.
        tags: tags that come with it, comma-separated; None if none can.
    """

    path: Path
    relative: str
    tags: str | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def absolute(self) -> str:
        """The absolute path."""
        return str(self.path.absolute())

    def content(self) -> bytes:
        """Reads the file.

        Raises:
            UnreadableImageError: it is missing, no regular file, too large, or of no known format.
        """
        return read_photograph(self.path)

    def modified(self) -> float:
        """When the file was changed last, in seconds since the epoch; 0 if it is missing."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0


def photographs(paths: Sequence[Path], passed_over: PassedOver | None = None) -> Iterator[PhotographFile]:
    """Lists named files, and the photographs below named folders in order of their names.

    Below folders, files are recognised by the suffixes of `photographs.formats`; other files, hidden files,
    linked folders and the folders of `photographs.system_folders` are passed over. Memory holds only the
    names in the folders above the current file. A folder that cannot be listed is yielded as a photograph,
    which then cannot be read, so it is counted and reported like any other.

    Args:
        paths: files and folders.
        passed_over: counts what is passed over.
    """
    counts = PassedOver() if passed_over is None else passed_over
    for path in paths:
        if path.is_dir():
            yield from _below(path, path, counts)
        else:
            yield PhotographFile(path, path.name)


def _below(folder: Path, top: Path, passed_over: PassedOver) -> Iterator[PhotographFile]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield PhotographFile(folder, str(folder.relative_to(top)))
        return
    for name, is_folder in names:
        path = folder / name
        if is_folder:
            if not passed_over.passes_folder(name):
                yield from _below(path, top, passed_over)
        elif _is_linked_folder(path):
            passed_over.linked_folders += 1
        elif not passed_over.passes_file(name):
            yield PhotographFile(path, str(path.relative_to(top)))


def _is_linked_folder(path: Path) -> bool:
    """Whether a link leads to a folder; one with a photograph's suffix is reported as unreadable."""
    named_as_photograph = path.suffix.lower() in SUFFIXES
    return not named_as_photograph and not path.name.startswith(".") and path.is_dir()
