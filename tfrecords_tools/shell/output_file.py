"""Files that a user names for output."""

import os
import tempfile
from pathlib import Path

from tfrecords_tools.shell.errors import UserError


def output_file(path: Path, option: str) -> Path:
    """The file to write for an option, checked before the work that fills it.

    A link stays a link: the file that it leads to is written.

    Args:
        path: as the user names it; its folder need not exist.
        option: for the error.

    Raises:
        UserError: it is a folder, or no regular file.
        OSError: no file can be made in its folder; its `filename` is `path`.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise UserError(f"{option} must be a file. Received: {path}, a folder. Name a file in it.")
    if os.path.lexists(target) and not target.is_file():
        raise UserError(
            f"{option} must be a regular file, which is replaced once it is whole. Received: {path}, which "
            "is none. Name another file."
        )
    try:
        with tempfile.TemporaryFile(dir=_nearest_existing(target.parent)):
            return target
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))
