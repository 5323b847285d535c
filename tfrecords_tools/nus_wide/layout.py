"""The paths in the official folder layout of NUS-WIDE, and readers of its files of lines."""

from pathlib import Path
from typing import Literal

from tfrecords_tools.building.source import check_raw_folder
from tfrecords_tools.shell.errors import UserError

Half = Literal["Train", "Test"]
"""One of the two official lists, as spelled in file names."""

HALVES: tuple[Half, Half] = ("Train", "Test")


def concepts_file(raw: Path) -> Path:
    """The file with the names of the 81 labels; its order is used everywhere."""
    return raw / "ConceptsList" / "Concepts81.txt"


def image_list_file(raw: Path, half: Half) -> Path:
    r"""The file with the images of one half, `folder\index_photo.jpg` per line."""
    return raw / "ImageList" / f"{half}Imagelist.txt"


def label_file(raw: Path, concept: str, half: Half) -> Path:
    """The file with the label `concept` of each image of one half, 0 or 1 per line."""
    return raw / "Groundtruth" / "TrainTestLabels" / f"Labels_{concept}_{half}.txt"


def tag_list_file(raw: Path) -> Path:
    """The file with the names of the columns in the tag matrices."""
    return raw / "NUS_WID_Tags" / "TagList1k.txt"


def tag_matrix_file(raw: Path, half: Half) -> Path:
    """The file with the tags of one half: tab-separated 0 and 1, an image per line."""
    return raw / "NUS_WID_Tags" / f"{half}_Tags1k.dat"


def image_file(raw: Path, listed: str) -> Path:
    """The image file of a list's entry (`folder/index_photo.jpg`)."""
    return raw / "Flickr" / listed


def check_folders(raw: Path) -> None:
    """Checks that all folders exist.

    Raises:
        UserError: one is missing. The Tags81 files do not replace the ground truth: they are user tags.
    """
    check_raw_folder(raw)
    if not (raw / "Groundtruth").is_dir() and any(raw.glob("NUS_WID_Tags/*Tags81*")):
        raise UserError(
            "labels must come from Groundtruth/: the Tags81 files are user tags that match concepts, not "
            f"ground truth. Received: {raw} without Groundtruth/. Unpack Groundtruth there."
        )
    for name in ("ConceptsList", "ImageList", "Groundtruth", "NUS_WID_Tags", "Flickr"):
        if not (raw / name).is_dir():
            raise UserError(
                f"raw folder must hold {name}/, as in the official layout. Received: {raw}, which does not. "
                f"Unpack {name} there, or pass another --raw."
            )


def read_content(path: Path) -> bytes:
    r"""Reads a file's bytes with `\r\n` replaced by `\n`, without blank lines at the end.

    Raises:
        UserError: the file does not exist.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"raw files must be complete. Received: {path}, which does not exist. Unpack it there."
        ) from None
    return content.replace(b"\r\n", b"\n").rstrip()


def read_lines(path: Path) -> list[str]:
    """Reads a file's lines without blanks around them.

    Raises:
        UserError: the file is missing, is no UTF-8 text, is empty, or has a blank line.
    """
    try:
        lines = [line.strip() for line in read_content(path).decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        raise UserError(f"raw file must be UTF-8 text. Received: {path} ({error.reason}).") from None
    for row, line in enumerate(lines, start=1):
        if not line:
            raise UserError(f"raw file must have an entry per line. Received: {path}:{row}, which is blank.")
    return lines


def read_names(path: Path) -> tuple[str, ...]:
    """Reads a file's lines as unique names.

    Raises:
        UserError: as `read_lines`, or a name occurs twice.
    """
    names = read_lines(path)
    rows: dict[str, int] = {}
    for row, name in enumerate(names, start=1):
        if rows.setdefault(name, row) != row:
            raise UserError(
                f"names must differ. Received: {path}:{row}: {name!r}, which is line {rows[name]} already."
            )
    return tuple(names)
