"""Finds files of the same bytes."""

import stat
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from tfrecords_tools.shell.files import sha256


def equal_files(folder: Path, paths: Sequence[str]) -> list[list[str]]:
    """The groups of regular files of the same bytes; only files of equal sizes are read.

    Args:
        folder: to which the paths are relative.
        paths: of the files; one that cannot be read is in no group.
    """

    def size(path: str) -> int | None:
        try:
            state = (folder / path).stat()
        except OSError:
            return None
        return state.st_size if stat.S_ISREG(state.st_mode) else None  # a pipe would block

    def digest(path: str) -> str | None:
        try:
            return sha256(folder / path)
        except OSError:
            return None

    return [group for same_size in _grouped(paths, size) for group in _grouped(same_size, digest)]


def _grouped(paths: Iterable[str], key: Callable[[str], Hashable]) -> list[list[str]]:
    """The groups of several paths with the same key, in order of their first paths; no key, no group."""
    groups: defaultdict[Hashable, list[str]] = defaultdict(list)
    for path in paths:
        groups[key(path)].append(path)
    return [group for value, group in groups.items() if value is not None and len(group) > 1]
