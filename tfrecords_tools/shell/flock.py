"""Locks of the operating system on open files and folders; they end with their process, even a killed one."""

import errno
import os
import sys
from pathlib import Path
from typing import Literal

TAKEN = (errno.EAGAIN, errno.EACCES)
"""What systems report for a lock that another process holds."""


def try_lock(descriptor: int) -> Literal["locked", "taken"] | OSError | None:
    """Locks an open file or folder without waiting, until its last descriptor is closed.

    Returns:
        "locked", "taken" by another, the error of a file system that refuses locks, or None on a system that
        has no such locks (Windows).
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "taken" if error.errno in TAKEN else error
    return "locked"


def open_folder(folder: Path) -> int | None:
    """A descriptor of a folder to lock; None where folders cannot be opened (Windows)."""
    return None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
