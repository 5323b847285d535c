"""Reads photographs' files: regular ones of a bounded size, so that none blocks or fills the memory."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from tfrecords_tools.photographs.formats import NAMES, SIGNATURE_BYTES, PhotographFormat, format_of
from tfrecords_tools.photographs.unreadable import EMPTY, MISSING, UnreadableImageError

MAX_BYTES = 2**29
"""The largest file that is read, 512 MiB: three bytes a pixel of the largest image that is decoded."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_photograph(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a photograph's file. A file of another format is not read to its end.

    Args:
        path: the file; a link is followed.
        max_bytes: the largest file that is read.

    Raises:
        UnreadableImageError: the file is missing, empty, too large, no regular file, or of no known format.
    """
    try:
        _check_kind(path.stat())  # before it is opened, for opening a device may do something
        # A named pipe that takes the file's place in between must not block.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            _check_kind(status)  # again, for the name may stand for another file now
            if status.st_size > max_bytes:
                raise UnreadableImageError(f"{status.st_size:,} bytes, more than {max_bytes:,}")
            return bounded_content(file, max_bytes)
    except FileNotFoundError:
        raise UnreadableImageError(MISSING) from None
    except OSError as error:
        raise UnreadableImageError(error.strerror or str(error)) from None
    except ValueError as error:  # a NUL in the name
        raise UnreadableImageError(str(error)) from None


def check_format(content: bytes) -> PhotographFormat:
    """The format of a photograph, by its first bytes.

    Raises:
        UnreadableImageError: it is empty, or of no format of the table.
    """
    if not content:
        raise UnreadableImageError(EMPTY)
    known = format_of(content)
    if known is None:
        raise UnreadableImageError(f"not {NAMES}")
    return known


def _check_kind(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no file")
        raise UnreadableImageError(f"{kind}, not a regular file")


def bounded_content(file: BinaryIO, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of an open file that holds a photograph, which need not tell its size.

    Raises:
        UnreadableImageError: it is empty, longer than `max_bytes`, or of no known format.
    """
    head = file.read(SIGNATURE_BYTES)
    check_format(head)
    content = head + file.read(max_bytes + 1 - len(head))
    if len(content) > max_bytes:
        raise UnreadableImageError(f"more than {max_bytes:,} bytes")
    return content
