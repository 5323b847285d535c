"""Paths and URLs as the command line takes them, and the file system of Beam that each belongs to."""

import os
import re
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from tfrecords_tools.shell.addresses import WILDCARD, is_address
from tfrecords_tools.shell.errors import UserError, one_line

_JOINED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")


def address(text: str | os.PathLike[str]) -> str:
    """A path or URL as text; a URL that pathlib has made `gs:/bucket` gets its slash back."""
    name = os.fspath(text)
    return name if Path(name).exists() else _JOINED.sub(r"\1://", name, count=1)


def is_pattern(text: str) -> bool:
    """Whether a text has a wildcard of Beam and names no file or folder of this machine as it is."""
    return WILDCARD.search(text) is not None and (is_address(text) or not Path(text).exists())


def check_file_system(text: str, *, what: str) -> None:
    """Checks that Beam can read and write an address.

    Args:
        text: a path or URL.
        what: how the error calls it: "IMAGE", "--out", …

    Raises:
        UserError: it is a URL of a scheme that Beam does not know, or whose package is not installed.
    """
    if not is_address(text):
        return
    try:
        FileSystems.get_filesystem(text)
    except (ValueError, ImportError) as error:
        raise UserError(
            f"{what} must be on a file system of Beam. Received: {text}: {one_line(error)}"
        ) from None
