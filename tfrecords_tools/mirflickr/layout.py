"""The paths in the official folder layout of MIRFLICKR-25k."""

import re
from pathlib import Path

from tfrecords_tools.mirflickr.labels import IMAGES
from tfrecords_tools.shell.errors import UserError

_IMAGE = re.compile(r"im([1-9]\d*)\.jpg")
ANNOTATION_FOLDERS = ("annotations", "mirflickr25k_annotations_v080", "mirflickr", ".")
"""Folders of raw in which the annotation archive, which has no folder of its own, may have been unpacked."""


def image_folder(raw: Path) -> Path:
    """The folder with the images.

    Raises:
        UserError: there is none.
    """
    if not (raw / "mirflickr").is_dir():
        raise UserError(
            f"raw folder must hold mirflickr/, as in the official layout. Received: {raw}, which does not. "
            "Unpack the images there, or pass another --raw."
        )
    return raw / "mirflickr"


def annotation_folder(raw: Path, labels: tuple[str, ...]) -> Path:
    """The folder with the files LABEL.txt.

    Raises:
        UserError: none has the first label's file, or that folder lacks another one.
    """
    for name in ANNOTATION_FOLDERS:
        folder = raw / name
        found = [label for label in labels if label_file(folder, label).is_file()]
        if found:
            missing = [label for label in labels if label not in found]
            if missing:
                raise UserError(
                    f"every label must have a file. Received: {folder} without {missing[0]}.txt. "
                    "Unpack the annotation archive again."
                )
            return folder
    raise UserError(
        f"raw folder must hold the annotation archive's files, such as {labels[0]}.txt, in annotations/. "
        f"Received: {raw}, which does not. Unpack mirflickr25k_annotations_v080 into {raw / 'annotations'}."
    )


def label_file(folder: Path, label: str) -> Path:
    """The file with the numbers of a label's images, one a line."""
    return folder / f"{label}.txt"


def tags_file(raw: Path, number: int) -> Path:
    """The file with an image's tags, one a line; empty where it has none."""
    return tags_folder(raw) / f"tags{number}.txt"


def tags_folder(raw: Path) -> Path:
    """The folder with the files of tags."""
    return raw / "mirflickr" / "meta" / "tags"


def image_file(raw: Path, number: int) -> Path:
    """An image."""
    return raw / "mirflickr" / f"im{number}.jpg"


def image_numbers(raw: Path) -> list[int]:
    """The numbers of the images that are there, in order.

    Raises:
        UserError: there is none, or a number is not of this collection.
    """
    folder = image_folder(raw)
    matches = (_IMAGE.fullmatch(path.name) for path in folder.iterdir())
    numbers = sorted(int(match.group(1)) for match in matches if match)
    if not numbers:
        raise UserError(
            f"images must be named imN.jpg. Received: {folder}, which holds none. Unpack the images there."
        )
    if numbers[-1] > IMAGES:
        raise UserError(
            f"images must be of MIRFLICKR-25k, im1.jpg to im{IMAGES}.jpg. Received: {folder} with "
            f"im{numbers[-1]}.jpg. Pass another --raw."
        )
    return numbers
