"""The photographs to annotate: named files, and all photographs below named folders."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.photographs.system_folders import is_system_folder
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.paths import shown

SIDECAR = ".xmp"
"""The suffix of files that belong to photographs, and are not counted as passed over."""


class PassedOverDocument(TypedDict):
    """What a folder holds beside photographs, as JSON values."""

    other_files: dict[str, int]
    hidden: int
    linked_folders: int
    system_folders: dict[str, int]


@dataclass
class PassedOver:
    """Counts of what is no photograph below the named folders, sidecars excluded.

    Attributes:
        other_files: number of files by suffix, in lower case; "" for none.
        hidden: number of files and folders whose names begin with a dot.
        linked_folders: number of links to folders.
        system_folders: number of folders such as @eaDir by name.
    """

    other_files: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    linked_folders: int = 0
    system_folders: Counter[str] = field(default_factory=Counter)

    def add(self, other: "PassedOver") -> None:
        """Adds the counts of other folders."""
        self.other_files += other.other_files
        self.hidden += other.hidden
        self.linked_folders += other.linked_folders
        self.system_folders += other.system_folders

    def document(self) -> PassedOverDocument:
        """The counts as JSON values."""
        return {
            "other_files": dict(self.other_files.most_common()),
            "hidden": self.hidden,
            "linked_folders": self.linked_folders,
            "system_folders": dict(self.system_folders.most_common()),
        }

    def __str__(self) -> str:
        """The counts in one line; empty if nothing was passed over."""
        suffixes = self.other_files.most_common()
        others = ", ".join(f"{count:,} {shown(suffix) or 'without'}" for suffix, count in suffixes)
        systems = ", ".join(sorted(self.system_folders))
        parts = (
            (self.other_files.total(), "file with another suffix", "files with another suffix", others),
            (self.hidden, "hidden file or folder", "hidden files or folders", ""),
            (self.linked_folders, "linked folder", "linked folders", ""),
            (self.system_folders.total(), "system folder", "system folders", systems),
        )
        return ", ".join(
            counted(count, one, many) + (f" ({named})" if named else "")
            for count, one, many, named in parts
            if count
        )


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
            address = str(path).replace(":/", "://", 1)  # pathlib joins the slashes
            raise UserError(
                f"Photographs must be local files or folders. Received: {address}. Copy them first."
            )


def photographs(paths: Sequence[Path], passed_over: PassedOver | None = None) -> Iterator[Photograph]:
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
            yield Photograph(path, path.name)


def _below(folder: Path, top: Path, passed_over: PassedOver) -> Iterator[Photograph]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield Photograph(folder, str(folder.relative_to(top)))
        return
    for name, is_folder in names:
        path = folder / name
        if name.startswith("."):
            passed_over.hidden += 1
        elif is_folder and is_system_folder(name):
            passed_over.system_folders[name] += 1
        elif is_folder:
            yield from _below(path, top, passed_over)
        elif path.suffix.lower() in SUFFIXES:
            yield Photograph(path, str(path.relative_to(top)))
        elif path.is_dir():
            passed_over.linked_folders += 1
        elif path.suffix.lower() != SIDECAR:
            passed_over.other_files[path.suffix.lower()] += 1
