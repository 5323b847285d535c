"""One writer at a time for a folder of records; what a killed one has left is cleared away by the next."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import put_back, staging_folders

try:
    import fcntl
except ImportError:  # Windows: no lock; two builds of one folder are the user's to avoid
    fcntl = None


@contextlib.contextmanager
def only_writer(final: Path) -> Iterator[None]:
    """Holds the folder above `final` for one writer of `final`, after clearing up behind killed ones.

    The lock is the operating system's and ends with the process, however that ends.

    Raises:
        UserError: another process is writing there.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    with _locked(final.parent):
        for staging in staging_folders(final):
            _clear(staging, final)
        yield


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"folder must have one writer at a time. Received: {folder}, where another build is at work. "
            "Wait for it, or choose another --out."
        ) from None


def _clear(staging: Path, final: Path) -> None:
    """Removes a killed writer's staging folder; what it had moved out of its way goes back first."""
    if put_back(staging, final):
        notice(f"restored: {final}, which an interrupted build was about to replace")
    shutil.rmtree(staging)
    notice(f"removed what an interrupted build had left: {staging}")
