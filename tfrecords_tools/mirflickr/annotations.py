"""Reads the labels and the tags of the collection."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.mirflickr.labels import IMAGES
from tfrecords_tools.mirflickr.layout import annotation_folder, label_file, tags_file, tags_folder
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class Labels:
    """The labels of all images that the annotations name.

    Attributes:
        names: image → its labels' names, in alphabetical order.
        defects: lines that are no number of an image, or repeat one.
    """

    names: Mapping[int, tuple[str, ...]]
    defects: tuple[AnnotationDefect, ...]


def read_labels(raw: Path, labels: tuple[str, ...]) -> Labels:
    """Reads the file of every label: an image's number per line.

    Args:
        raw: the folder of the official layout.
        labels: the labels' names, in alphabetical order.

    Raises:
        UserError: a file is missing.
    """
    folder = annotation_folder(raw, labels)
    names: defaultdict[int, list[str]] = defaultdict(list)
    defects: list[AnnotationDefect] = []
    for label in labels:
        path = label_file(folder, label)
        seen: set[int] = set()
        for row, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            text = line.strip().decode("ascii", "backslashreplace")
            if not text:
                continue
            problem = _problem(text, seen)
            if problem:
                place = path.relative_to(raw).as_posix()
                defects.append(AnnotationDefect(place, row, f"{problem}; a repair leaves the line out"))
                continue
            seen.add(int(text))
            names[int(text)].append(label)
    return Labels({image: tuple(own) for image, own in names.items()}, tuple(defects))


def _problem(text: str, seen: set[int]) -> str:
    """Why a line of a label's file is no image's number; empty if it is one."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= IMAGES):
        return f"{text!r} must be a number from 1 to {IMAGES}"
    return f"image {text} must stand in the file once" if int(text) in seen else ""


def read_tags(
    raw: Path, numbers: Sequence[int]
) -> tuple[dict[int, tuple[str, ...]], tuple[AnnotationDefect, ...]]:
    """Reads the tags of images: a file for each image, a tag per line.

    Args:
        raw: the folder of the official layout.
        numbers: the images.

    Returns:
        image → its tags in the file's order, and the defects: files that are missing or no UTF-8 text. A
        repair gives these images no tags.

    Raises:
        UserError: the folder of the tags is missing.
    """
    if not tags_folder(raw).is_dir():
        raise UserError(
            f"raw folder must hold mirflickr/meta/tags/. Received: {raw}, which does not. "
            "Unpack the tags there; images that have none have an empty file."
        )
    tags: dict[int, tuple[str, ...]] = {}
    defects: list[AnnotationDefect] = []
    for number in numbers:
        path = tags_file(raw, number)
        try:
            lines = [line.strip() for line in path.read_bytes().decode("utf-8-sig").split("\n")]
            tags[number] = tuple(line for line in lines if line)
        except (FileNotFoundError, UnicodeDecodeError) as error:
            reason = "no UTF-8 text" if isinstance(error, UnicodeDecodeError) else "missing"
            place = path.relative_to(raw).as_posix()
            defects.append(AnnotationDefect(place, 1, f"the file is {reason}; a repair gives no tags"))
            tags[number] = ()
    return tags, tuple(defects)
