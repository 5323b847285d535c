"""Reads the official image lists."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.nus_wide.layout import HALVES, Half, image_list_file, read_lines
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.paths import path_below

_ENTRY = re.compile(r"[^/]+/[^/]*_\d+\.\w+")
"""Matches `power_plant/0002_174174086.jpg`, with the photograph's id after the last underscore."""


@dataclass(frozen=True)
class ImageList:
    """One official list.

    Attributes:
        length: number of lines, also of the label and tag files of this half.
        files: images below Flickr/ with forward slashes, in the list's order, each once.
        rows: `[len(files)]`, the line of each image, counted from 0.
    """

    length: int
    files: tuple[str, ...]
    rows: np.ndarray


def record_id(file: str) -> str:
    """The id of a listed image: its path below Flickr/ without the suffix."""
    return file.rpartition(".")[0]


def photo_id(file: str) -> str:
    """Flickr's id of a listed image: the part after the last underscore."""
    return record_id(file).rpartition("_")[2]


def read_image_lists(raw: Path) -> tuple[dict[Half, ImageList], list[AnnotationDefect]]:
    """Reads both official lists; an image that is listed again is a defect and is skipped.

    Raises:
        UserError: a list is missing, or a line names no image; the message names file and line.
    """
    listed: dict[str, str] = {}
    lists: dict[Half, ImageList] = {}
    defects: list[AnnotationDefect] = []
    for half in HALVES:
        path = image_list_file(raw, half)
        lists[half] = _one_list(path, listed=listed, defects=defects, name=path.relative_to(raw).as_posix())
    return lists, defects


def _one_list(path: Path, *, listed: dict[str, str], defects: list[AnnotationDefect], name: str) -> ImageList:
    lines = read_lines(path)
    files, rows = [], []
    for row, line in enumerate(lines):
        file = _entry(path, row + 1, line)
        line_name = f"{name}:{row + 1}"
        first = listed.setdefault(record_id(file), line_name)
        if first != line_name:
            problem = f"{file} is listed in {first} already; a repair skips it"
            defects.append(AnnotationDefect(name, row + 1, problem))
            continue
        files.append(file)
        rows.append(row)
    return ImageList(len(lines), tuple(files), np.array(rows, dtype=np.int64))


def _entry(path: Path, row: int, line: str) -> str:
    try:
        file = path_below(line)
    except ValueError:
        file = ""
    if not _ENTRY.fullmatch(file):
        raise UserError(
            rf"image list must hold folder\index_photo.jpg lines. Received: {path}:{row}: {line!r}. "
            "Unpack the official list again."
        )
    return file


def repeated_photos(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The record ids of every photograph that is listed under several paths, by photo id."""
    records: dict[str, list[str]] = defaultdict(list)
    for file in files:
        records[photo_id(file)].append(record_id(file))
    return {photo: tuple(ids) for photo, ids in records.items() if len(ids) > 1}
