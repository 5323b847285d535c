"""The photographs below a folder with the words that may become their labels."""

import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tfrecords_tools.manifest.equal_files import equal_files
from tfrecords_tools.manifest.folder_names import FolderNames
from tfrecords_tools.photographs.formats import NAMES, SUFFIXES
from tfrecords_tools.photographs.keywords import PhotographKeywords, cleaned, read_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder
from tfrecords_tools.photographs.visible_files import visible_files
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed
from tfrecords_tools.shell.paths import path_below
from tfrecords_tools.shell.progress import progress_bars

LabelOrigin = Literal["metadata", "folders"]
"""Where labels are found: in the photographs' keywords, or in the names of their folders."""
SHOWN = 10
"""Photographs and folders that a note names; the others are counted."""


@dataclass(frozen=True)
class FoundPhotograph:
    """A photograph.

    Attributes:
        path: relative to the folder, with forward slashes.
        words: its keywords, or the names of its folders, each once.
        split: the split that its folders name; None if they name none.
    """

    path: str
    words: tuple[str, ...]
    split: str | None


@dataclass(frozen=True)
class FoundPhotographs:
    """All photographs below a folder.

    Attributes:
        photographs: in the order of their folders and names.
        notes: what was passed over or needs a look, a sentence each.
    """

    photographs: tuple[FoundPhotograph, ...]
    notes: tuple[str, ...]


def find_photographs(
    raw: Path, origin: LabelOrigin, *, separators: Iterable[str], labels: Collection[str] = ()
) -> FoundPhotographs:
    """Lists the photographs below a folder, and reads their keywords or the names of their folders.

    Args:
        raw: the folder. Hidden files and folders, and those of systems, are passed over.
        origin: which words are taken.
        separators: characters that separate words wherever one holds them.
        labels: names of folders that mean no split.

    Raises:
        UserError: the folder holds no photograph.
    """
    paths, notes = _listed(raw)
    if not paths:
        raise UserError(
            f"raw folder must hold photographs ({NAMES}). Received: {raw}, which holds none that can be "
            "listed. Name another folder."
        )
    folders, marks = FolderNames(paths, labels), tuple(separators)
    keywords = _Keywords(raw) if origin == "metadata" else None
    words = keywords.words(paths) if keywords else map(folders.names, paths)
    found = tuple(
        FoundPhotograph(path, _parted(texts, marks), folders.split(path))
        for path, texts in zip(paths, words, strict=True)
    )
    return FoundPhotographs(found, (*notes, *(keywords.notes() if keywords else ()), *_copies(raw, paths)))


def _listed(raw: Path) -> tuple[list[str], list[str]]:
    """The paths of the photographs, and notes on what cannot be listed."""
    paths: list[str] = []
    refused: list[str] = []
    errors: list[OSError] = []
    for place, names, _ in visible_files(raw, onerror=errors.append):
        folder = place.relative_to(raw)
        for name in names:
            if Path(name).suffix.lower() in SUFFIXES:
                path = (folder / name).as_posix()
                (paths if _is_writable(path) else refused).append(path)
    notes = [f"folder that cannot be listed: {error.filename}: {error.strerror}" for error in errors]
    if refused:
        number = counted(len(refused), "photograph")
        named = listed(refused, SHOWN)
        notes.append(f"{number} left out, for a manifest cannot hold such a name; rename: {named}")
    return paths, notes


def _is_writable(path: str) -> bool:
    """Whether readers of a manifest find the file again: UTF-8 without backslash and carriage return."""
    try:
        path.encode()
        return "\r" not in path and path_below(path) == path
    except ValueError:
        return False


def _parted(texts: Iterable[str], marks: Sequence[str]) -> tuple[str, ...]:
    """Words in one line and composed letters (NFC), each once and kept once in memory."""
    for mark in marks:
        texts = [part for text in texts for part in text.split(mark)]
    words = (unicodedata.normalize("NFC", word) for word in cleaned(texts))
    return tuple(dict.fromkeys(sys.intern(word.encode("utf-8", "replace").decode()) for word in words))


class _Keywords:
    """Reads the keywords of photographs, and notes what it met."""

    def __init__(self, raw: Path):
        self._raw, self._finder = raw, SidecarFinder()
        self._annotated: list[str] = []
        self._problems: list[str] = []

    def words(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yields the keywords of each photograph."""
        with progress_bars("photographs") as display:
            task = display.add_task("keywords", total=len(paths))
            for path in paths:
                found = read_keywords(self._raw / path, self._finder)
                self._note(path, found)
                display.advance(task)
                yield found.words

    def _note(self, path: str, found: PhotographKeywords) -> None:
        if found.annotated:
            self._annotated.append(path)
        if found.problems:
            self._problems.append(f"{path}: {'; '.join(found.problems)}")

    def notes(self) -> Iterator[str]:
        """Sentences on annotated photographs and on damaged metadata; to be called after `words`."""
        if self._annotated:
            yield (
                f"{counted(len(self._annotated), 'photograph')} with labels that `mmannot annotate` wrote, "
                f"which are not taken: {listed(self._annotated, SHOWN)}"
            )
        yield from (f"damaged metadata: {problem}" for problem in self._problems[:SHOWN])
        if len(self._problems) > SHOWN:
            yield f"damaged metadata: {counted(len(self._problems) - SHOWN, 'more photograph')}"


def _copies(raw: Path, paths: Sequence[str]) -> Iterator[str]:
    """A note on photographs that are in several files."""
    groups = equal_files(raw, paths)
    if groups:
        named = listed([" = ".join(group) for group in groups], SHOWN)
        yield f"{counted(len(groups), 'photograph')} in several files, each of which has a row: {named}"
