"""Finds the pictures that sites deliver in place of deleted photographs: many files of the same bytes."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path

from tfrecords_tools.building.source import Source

SAMPLE = 256
"""Bytes read from a file's middle; two different photographs of equal length differ there."""


def placeholders_of(source: Source) -> dict[str, int]:
    """The image files of `source` that its rules take for placeholders, and how many have the same bytes."""
    copies = source.rules.placeholder_copies
    return identical_files(_files(source), copies=copies) if copies else {}


def placeholder_reason(copies: int) -> str:
    """Why a placeholder counts as unreadable, in words."""
    return f"placeholder: {copies} files of these bytes"


def identical_files(paths: Iterable[Path], *, copies: int) -> dict[str, int]:
    """Every file that has at least `copies` - 1 others of exactly its bytes, and how many there are in all.

    Three sieves, so that few files are read whole: length, a sample of the middle, SHA-256. Files that are
    missing or cannot be opened are left out.

    Args:
        paths: the files.
        copies: at least 2.

    Returns:
        The number of identical files, by path.
    """
    groups = _sieve([str(path) for path in paths], _length, copies)
    groups = [group for found in groups for group in _sieve(found, _sample, copies)]
    groups = [group for found in groups for group in _sieve(found, _digest, copies)]
    return {name: len(group) for group in groups for name in group}


def _files(source: Source) -> Iterator[Path]:
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
            continue  # it is reported as missing or unreadable when it is to become a record
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
