"""Allows one writer at a time for a folder of records; cleans up after killed writers."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import restore_replaced, staging_folders


@contextlib.contextmanager
def writer_lock(final: Path) -> Iterator[None]:
    """Locks the parent of `final` for one writer and removes the staging folders of killed writers.

    The lock is on the folder itself, so no lock file is left there. The operating system releases it when
    the process ends, even if it is killed. Windows has no such lock.

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
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"folder must have one writer at a time. Received: {folder}, where another build is running. "
                "Wait for it, or choose another --out."
            ) from None
        yield
    finally:
        os.close(descriptor)


def _clear(staging: Path, final: Path) -> None:
    """Removes a killed writer's staging folder, after moving the replaced folder back."""
    if restore_replaced(staging, final):
        notice(f"restored: {final}, which an interrupted build was about to replace")
    shutil.rmtree(staging)
    notice(f"removed the staging folder of an interrupted build: {staging}")
