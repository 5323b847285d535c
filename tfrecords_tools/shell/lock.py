"""One writer at a time: of a folder, of one path in a folder, or of a file."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import clear_leftovers
from tfrecords_tools.shell.flock import open_folder, try_lock


@contextlib.contextmanager
def writer_lock(final: Path, *, command: str = "build", option: str = "--out") -> Iterator[None]:
    """Locks the parent of `final` as `folder_lock` does, and removes what killed writers of `final` left.

    Raises:
        UserError: another process is writing there.
    """
    with folder_lock(final.parent, command=command, option=option) as locked:
        clear_leftovers(final, even_unlockable=locked)
        yield


@contextlib.contextmanager
def folder_lock(folder: Path, *, command: str, option: str) -> Iterator[bool]:
    """Locks a folder for one writer. Makes the folder, and removes it again if nothing was written.

    The lock is on the folder itself, so no lock file is left there. The operating system releases it when
    the process ends, even if it is killed. Readers need no lock.

    Args:
        folder: the folder.
        command: what the error calls the other writer: "build", "train", …
        option: the option that names the folder.

    Yields:
        Whether the folder is locked. A network file system may refuse locks, which a line reports; Windows
        has no such locks.

    Raises:
        UserError: another process is writing there, or `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{option} must be a folder. Received: {folder}, which is a file.")
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = open_folder(folder)
    if descriptor is None:
        yield False
        return
    try:
        yield _locked(descriptor, folder, command, option)
    finally:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        os.close(descriptor)


def lock_file(file: BinaryIO, path: Path, *, command: str, option: str) -> bool:
    """Locks an open file for one writer until it is closed; the arguments are as in `folder_lock`.

    Raises:
        UserError: another process is writing it, or has replaced it since it was opened.
    """
    locked = _locked(file.fileno(), path, command, option)
    if locked and not os.path.samestat(os.fstat(file.fileno()), path.stat()):
        raise _has_a_writer(path, command, option)
    return locked


def _locked(descriptor: int, place: Path, command: str, option: str) -> bool:
    outcome = try_lock(descriptor)
    if outcome == "taken":
        raise _has_a_writer(place, command, option)
    if isinstance(outcome, OSError):
        notice(
            f"warning: {place} is on a file system that has no locks ({outcome.strerror}): "
            f"start no second {command} there"
        )
    return outcome == "locked"


def _has_a_writer(place: Path, command: str, option: str) -> UserError:
    return UserError(
        f"{option} must have one writer at a time. Received: {place}, where another {command} is running. "
        f"Wait for it, or choose another {option}."
    )
