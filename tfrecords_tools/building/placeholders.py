"""Finds placeholders: the identical files that sites deliver for deleted photographs."""

import hashlib
import stat
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path

from tfrecords_tools.photographs.regular_files import MAX_BYTES

SAMPLE = 256
"""Bytes read from the middle of a file, where different photographs of equal length differ."""


def placeholder_reason(copies: int) -> str:
    """The reason why a placeholder counts as unreadable."""
    return f"placeholder: {copies} files of these bytes"


def identical_groups(paths: Iterable[Path], *, copies: int) -> list[list[str]]:
    """Finds groups of at least `copies` identical files.

    Compares length, a sample of the middle, then SHA-256, so that few files are read whole. Skips files that
    are missing, no regular files, too large for photographs, or cannot be opened.

    Args:
        paths: the files.
        copies: at least 2.

    Returns:
        The paths of each group.
    """
    groups = _sieve([str(path) for path in paths], _length, copies)
    groups = [equal for group in groups for equal in _sieve(group, _sample, copies)]
    return [equal for group in groups for equal in _sieve(group, _digest, copies)]


def _sieve(names: list[str], key: Callable[[str], Hashable], copies: int) -> list[list[str]]:
    """The groups of at least `copies` names with an equal key."""
    groups: Mapping[Hashable, list[str]] = defaultdict(list)
    for name in names:
        try:
            groups[key(name)].append(name)
        except OSError:
            continue  # the build or check reports it as missing or unreadable
    return [group for group in groups.values() if len(group) >= copies]


def _length(name: str) -> int:
    status = Path(name).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("no regular file")  # opening a pipe would wait for ever
    if status.st_size > MAX_BYTES:
        raise OSError("too large for a photograph")
    return status.st_size


def _sample(name: str) -> bytes:
    with Path(name).open("rb", buffering=0) as file:
        file.seek(max(0, (Path(name).stat().st_size - SAMPLE) // 2))
        return file.read(SAMPLE)


def _digest(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
