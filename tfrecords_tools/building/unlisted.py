"""Finds the files of a folder that no row of a manifest names."""

from collections import Counter
from collections.abc import Container
from pathlib import Path

from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.photographs.visible_files import visible_files
from tfrecords_tools.reading.passed_over import UnlistedFiles

NAMED = 10
"""Most photographs that are named; the rest is counted."""


def find_unlisted(source: RecordSource) -> UnlistedFiles | None:
    """The files below the folder that the rows of `source` should name; None if it has no such folder."""
    if source.listed_folder is None:
        return None
    listed = {str(example.image) for split in source.splits.values() for example in split.examples()}
    return unlisted_files(source.listed_folder, listed)


def unlisted_files(folder: Path, listed: Container[str]) -> UnlistedFiles:
    """Counts the files below a folder whose paths are not in `listed`.

    Hidden files and folders are counted, not looked into. A file counts as a photograph by its suffix.

    Args:
        folder: the folder.
        listed: paths that begin with `folder`.
    """
    photographs, hidden = 0, 0
    named: list[str] = []
    others: Counter[str] = Counter()
    for place, files, out_of_sight in visible_files(folder):
        hidden += out_of_sight
        for name in files:
            path = place / name
            if str(path) in listed:
                continue
            suffix = path.suffix.lower()
            if suffix not in SUFFIXES:
                others[suffix or "no suffix"] += 1
                continue
            photographs += 1
            if len(named) < NAMED:
                named.append(path.relative_to(folder).as_posix())
    return {
        "photographs": photographs,
        "named": named,
        "other": dict(sorted(others.items())),
        "hidden": hidden,
    }
