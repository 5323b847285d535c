"""Finds placeholders: the identical files that sites deliver for deleted photographs."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path

from tfrecords_tools.building.source import RecordSource

SAMPLE = 256
"""Bytes read from the middle of a file, where different photographs of equal length differ."""


def find_placeholders(source: RecordSource) -> dict[str, int]:
    """The files that the rules of `source` count as placeholders, with their number of identical files."""
    copies = source.rules.placeholder_copies
    return identical_files(_files(source), copies=copies) if copies else {}


def placeholder_reason(copies: int) -> str:
    """The reason why a placeholder counts as unreadable."""
    return f"placeholder: {copies} files of these bytes"


def identical_files(paths: Iterable[Path], *, copies: int) -> dict[str, int]:
    """Finds groups of at least `copies` identical files.

    Compares length, a sample of the middle, then SHA-256, so that few files are read whole. Skips files that
    are missing or cannot be opened.

    Args:
        paths: the files.
        copies: at least 2.

    Returns:
        The number of identical files, by path.
    """
    groups = _sieve([str(path) for path in paths], _length, copies)
    groups = [equal for group in groups for equal in _sieve(group, _sample, copies)]
    groups = [equal for group in groups for equal in _sieve(group, _digest, copies)]
    return {name: len(group) for group in groups for name in group}


def _files(source: RecordSource) -> Iterator[Path]:
    for split in source.splits.values():
        for example in split.examples():
            if isinstance(example.image, Path):
                yield example.image


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
    return Path(name).stat().st_size


def _sample(name: str) -> bytes:
    with Path(name).open("rb", buffering=0) as file:
        file.seek(max(0, (Path(name).stat().st_size - SAMPLE) // 2))
        return file.read(SAMPLE)


def _digest(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
