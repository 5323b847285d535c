"""Which files are annotated: named ones, and all photographs below named folders. No TensorFlow."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png"})


@dataclass(frozen=True)
class Photograph:
    """A file to annotate.

    Attributes:
        path: where it is, as it was named or found.
        relative: its path below the folder it was found in; of a named file its name.
    """

    path: Path
    relative: str

    def __str__(self) -> str:
        return str(self.path)


def photographs(paths: Sequence[Path]) -> Iterator[Photograph]:
    """The named files, and in the places of named folders the photographs below them, by name.

    Below folders, files count by their suffix; hidden ones, and folders behind links, are passed over. Held
    are the names in the folders on the way to a file, no others. A folder that cannot be listed comes out as
    a photograph, which then cannot be read: so it is counted and told like any other.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path, path)
        else:
            yield Photograph(path, path.name)


def _below(folder: Path, top: Path) -> Iterator[Photograph]:
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield Photograph(folder, str(folder.relative_to(top)))
        return
    for name, is_folder in found:
        path = folder / name
        if name.startswith("."):
            continue
        if is_folder:
            yield from _below(path, top)
        elif path.suffix.lower() in SUFFIXES:
            yield Photograph(path, str(path.relative_to(top)))
