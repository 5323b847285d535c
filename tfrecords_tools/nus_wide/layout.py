"""Where the official folder layout of NUS-WIDE keeps things, and its files of one entry a line."""

from pathlib import Path
from typing import Literal

from tfrecords_tools.shell.errors import UserError

Half = Literal["Train", "Test"]
"""One of the two official lists, as file names spell it."""

HALVES: tuple[Half, Half] = ("Train", "Test")


def concepts_file(raw: Path) -> Path:
    """The 81 labels' names; their order in this file is their order everywhere."""
    return raw / "ConceptsList" / "Concepts81.txt"


def image_list_file(raw: Path, half: Half) -> Path:
    r"""The images of one half, `folder\index_photo.jpg` a line."""
    return raw / "ImageList" / f"{half}Imagelist.txt"


def label_file(raw: Path, concept: str, half: Half) -> Path:
    """Whether each image of one half shows the concept, 0 or 1 a line."""
    return raw / "Groundtruth" / "TrainTestLabels" / f"Labels_{concept}_{half}.txt"


def tag_list_file(raw: Path) -> Path:
    """The names of the tag matrices' columns."""
    return raw / "NUS_WID_Tags" / "TagList1k.txt"


def tag_matrix_file(raw: Path, half: Half) -> Path:
    """Which tags each image of one half bears: tab-separated 0/1, an image a line."""
    return raw / "NUS_WID_Tags" / f"{half}_Tags1k.dat"


def image_file(raw: Path, listed: str) -> Path:
    """Where the image of a list's entry (`folder/index_photo.jpg`) lies."""
    return raw / "Flickr" / listed


def check_folders(raw: Path) -> None:
    """Looks for the folders before anything is read.

    Raises:
        UserError: one is missing; files of user tags that match concepts do not stand for the ground truth.
    """
    if not raw.is_dir():
        raise UserError(f"raw folder must exist. Received: {raw}, which does not. Pass --raw.")
    if not (raw / "Groundtruth").is_dir() and any(raw.glob("NUS_WID_Tags/*Tags81*")):
        raise UserError(
            "labels must come from Groundtruth/: the Tags81 files are user tags that match concepts, not "
            f"ground truth. Received: {raw} without Groundtruth/. Unpack Groundtruth there."
        )
    for name in ("ConceptsList", "ImageList", "Groundtruth", "NUS_WID_Tags", "Flickr"):
        if not (raw / name).is_dir():
            raise UserError(
                f"raw folder must hold {name}/, as officially laid out. Received: {raw}, which does not. "
                f"Unpack {name} there, or pass another --raw."
            )


def content_of(path: Path) -> bytes:
    r"""A file's bytes, `\r\n` made `\n`, blank last lines left out.

    Raises:
        UserError: there is no such file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"raw files must be complete. Received: {path}, which does not exist. Unpack it there."
        ) from None
    return content.replace(b"\r\n", b"\n").rstrip()


def read_lines(path: Path) -> list[str]:
    """A file's lines, stripped.

    Raises:
        UserError: the file is missing, is no UTF-8 text, holds nothing, or has a blank line in between.
    """
    try:
        lines = [line.strip() for line in content_of(path).decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        raise UserError(f"raw file must be UTF-8 text. Received: {path} ({error.reason}).") from None
    for row, line in enumerate(lines, start=1):
        if not line:
            raise UserError(f"raw file must have an entry a line. Received: {path}:{row}, which is blank.")
    return lines


def read_names(path: Path) -> tuple[str, ...]:
    """A file's lines as different names.

    Raises:
        UserError: as `read_lines`, or a name stands there twice.
    """
    names = read_lines(path)
    rows: dict[str, int] = {}
    for row, name in enumerate(names, start=1):
        if rows.setdefault(name, row) != row:
            raise UserError(
                f"names must differ. Received: {path}:{row}: {name!r}, which is line {rows[name]} already."
            )
    return tuple(names)
