"""The photographs to annotate: named files, and all photographs below named folders."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.shell.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png"})


@dataclass(frozen=True)
class Photograph:
    """A file to annotate.

    Attributes:
        path: its path, below the path that the user named.
        relative: its path relative to the named folder; of a named file its name.
    """

    path: Path
    relative: str

    def __str__(self) -> str:
        return str(self.path)


def check_local(paths: Sequence[Path]) -> None:
    """Checks that no path is the address of another place, such as `gs://bucket/photos`.

    Raises:
        UserError: one is.
    """
    for path in paths:
        if re.match(r"[a-z][a-z0-9+.-]+:/", str(path)) and not path.exists():
            raise UserError(f"Photographs must be local files or folders. Received: {path}. Copy them first.")


def photographs(paths: Sequence[Path]) -> Iterator[Photograph]:
    """Lists named files, and the photographs below named folders in order of their names.

    Below folders, files are recognised by their suffix; hidden files and linked folders are skipped. Memory
    holds only the names in the folders above the current file. A folder that cannot be listed is yielded as
    a photograph, which then cannot be read, so it is counted and reported like any other.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path, path)
        else:
            yield Photograph(path, path.name)


def _below(folder: Path, top: Path) -> Iterator[Photograph]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield Photograph(folder, str(folder.relative_to(top)))
        return
    for name, is_folder in names:
        path = folder / name
        if name.startswith("."):
            continue
        if is_folder:
            yield from _below(path, top)
        elif path.suffix.lower() in SUFFIXES:
            yield Photograph(path, str(path.relative_to(top)))
