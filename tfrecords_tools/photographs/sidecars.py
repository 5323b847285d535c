"""The XMP files beside photographs: which file belongs to a photograph, and how it is read and written."""

import os
import shutil
import stat
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.shell.files import atomic_path

SidecarName = Literal["full", "stem"]
"""How a new sidecar of photo.jpg is called: photo.jpg.xmp or photo.xmp."""
SUFFIX = ".xmp"
MAX_BYTES = 32 << 20
"""Larger files are no sidecars; those of photo tools have kilobytes."""
_LISTED_FOLDERS = 2


@dataclass(frozen=True)
class Sidecars:
    """The sidecars of a photograph.

    Attributes:
        full: the existing photo.jpg.xmp; None if there is none.
        stem: the existing photo.xmp; None if there is none.
        shares_stem: whether photo.xmp may belong to another photograph too, such as photo.png, so that it is
            not used. A raw file is the same picture: photo.xmp belongs to both.
    """

    full: Path | None
    stem: Path | None
    shares_stem: bool

    @property
    def usable(self) -> list[Path]:
        """The existing sidecars that belong to this photograph, the one with the full name first."""
        stem = None if self.shares_stem else self.stem
        return [path for path in (self.full, stem) if path is not None]


@dataclass
class _Folder:
    """The sidecars in a folder by their name with the suffix in lower case, and the photographs per stem."""

    sidecars: dict[str, str] = field(default_factory=dict)
    photographs: dict[str, int] = field(default_factory=dict)

    def shares_stem(self, stem: str) -> bool:
        """Whether several photographs have a stem, or it names a photograph: photo.jpg of photo.jpg.png."""
        outer, _, ending = stem.rpartition(".")
        return self.photographs.get(stem, 0) > 1 or (
            f".{ending.lower()}" in SUFFIXES and outer in self.photographs
        )


class SidecarFinder:
    """Finds the sidecars of photographs. Lists a folder once; memory holds the names of two folders.

    The suffix .xmp may be in upper or lower case.
    """

    def __init__(self, name: SidecarName = "full"):
        """`name` is how a new sidecar is called."""
        self._name = name
        self._folders: OrderedDict[Path, _Folder] = OrderedDict()

    def find(self, photograph: Path) -> Sidecars:
        """Returns the sidecars that a photograph has."""
        folder = self._listed(photograph.parent)
        full, stem = (
            self._existing(photograph.parent, folder, name) for name in (photograph.name, photograph.stem)
        )
        return Sidecars(full, stem, folder.shares_stem(photograph.stem))

    def path_to_write(self, photograph: Path) -> Path:
        """Returns the existing sidecar of a photograph, or else the path of a new one."""
        found = self.find(photograph)
        if found.usable:
            return found.usable[0]
        short = self._name == "stem" and not found.shares_stem
        return photograph.with_name((photograph.stem if short else photograph.name) + SUFFIX)

    def _existing(self, parent: Path, folder: _Folder, name: str) -> Path | None:
        path = parent / folder.sidecars.get(name + SUFFIX, name + SUFFIX)
        return path if os.path.lexists(path) else None

    def _listed(self, parent: Path) -> _Folder:
        if parent not in self._folders:
            self._folders[parent] = _listed(parent)
            if len(self._folders) > _LISTED_FOLDERS:
                self._folders.popitem(last=False)
        self._folders.move_to_end(parent)
        return self._folders[parent]


def _listed(parent: Path) -> _Folder:
    folder = _Folder()
    try:
        with os.scandir(parent) as entries:
            names = sorted((entry.name for entry in entries), reverse=True)
    except OSError:
        return folder  # reading the photograph reports it
    for name in names:
        stem, _, ending = name.rpartition(".")
        suffix = f".{ending.lower()}"
        if suffix == SUFFIX:
            folder.sidecars[stem + SUFFIX] = name  # of photo.XMP and photo.xmp the first in order of names
        elif suffix in SUFFIXES:
            folder.photographs[stem] = folder.photographs.get(stem, 0) + 1
    return folder


def read_sidecar(path: Path) -> bytes | None:
    """Reads a sidecar; returns None if nothing has its name.

    Raises:
        OSError: it cannot be read, such as a link that leads nowhere.
        ValueError: it is no regular file, or larger than `MAX_BYTES`.
    """
    if not os.path.lexists(path):
        return None
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no regular file")
    if status.st_size > MAX_BYTES:
        raise ValueError(f"it has {status.st_size:,} bytes, more than {MAX_BYTES:,}")
    return path.read_bytes()


def write_sidecar(path: Path, content: bytes) -> None:
    """Writes a sidecar atomically. A link stays a link, and an existing file keeps its mode.

    Raises:
        OSError: it cannot be written; a file without write permission is not replaced.
    """
    target = path.resolve()
    exists = target.exists()
    if exists and not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13), str(path))
    with atomic_path(target) as staging:
        staging.write_bytes(content)
        if exists:
            shutil.copymode(target, staging)
