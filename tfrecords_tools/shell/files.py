"""Atomic writes of files and folders, JSON, and digests. Python's standard library only."""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.flock import open_folder, try_lock

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value."""

REPLACED = "replaced"
"""Name of the replaced folder while it is kept in the staging folder."""
LONGEST_NAME = 255
"""Bytes of the longest name that usual file systems take."""
RANDOM_CHARACTERS = 8
"""What `tempfile.mkdtemp` adds to a name."""


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path for a file; renames it to `path` on success, removes it on failure.

    The caller makes a file at the yielded path. An existing file at `path` is replaced at the end, never
    before; a link to a file is replaced itself. The temporary folder is locked while it is written, so that
    `clear_leftovers` leaves it alone.

    Raises:
        OSError: the file system refuses a write, or `path` is a folder, a pipe or a device; its `filename`
            is `path`.
    """
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    with staging_folder(path) as staging:
        yield staging / path.name
        (staging / path.name).replace(path)


@contextlib.contextmanager
def staging_folder(path: Path) -> Iterator[Path]:
    """Yields a locked temporary folder beside `path`, and removes it at the end; errors name `path`."""
    with errors_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{_staged_name(path)}.", dir=path.parent))
        with _locked_if_possible(staging):
            try:
                yield staging
            finally:
                shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Gives an OSError the name of the file that is written, if it names none or a temporary one.

    A full disk is reported without a name where a write fails, and h5py reports it as text alone.
    """
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else ""
        if name and f"/.{_staged_name(path)}." not in name:
            raise
        reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
        raise OSError(error.errno, reason, str(path)) from None


@contextlib.contextmanager
def _locked_if_possible(staging: Path) -> Iterator[None]:
    descriptor = open_folder(staging)
    if descriptor is None:
        yield
        return
    try:
        try_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def restore_replaced(staging: Path, path: Path) -> bool:
    """Moves the replaced folder back to `path` if a failed or killed writer left nothing there.

    Args:
        staging: the writer's staging folder.
        path: the folder that it was writing.

    Returns:
        Whether a folder was moved back.
    """
    if not (staging / REPLACED).is_dir() or path.exists():
        return False
    (staging / REPLACED).rename(path)
    return True


def staging_folders(path: Path) -> list[Path]:
    """The staging folders of a path's writers: of a running one, or left by a killed one."""
    name = _staged_name(path)
    return [staging for staging, target in _stagings(path.parent) if target.name == name]


def clear_leftovers(path: Path, *, even_unlockable: bool = False) -> None:
    """Removes what killed writers of `path` left, restores a folder that they had moved away, and says so.

    Args:
        path: the file or folder that they wrote.
        even_unlockable: whether the caller is the only writer of `path`, so that no staging folder is a
            running writer's. Else those that are locked, or that cannot be locked, are left alone.
    """
    for staging in staging_folders(path):
        if even_unlockable or _is_abandoned(staging):
            _clear(staging, path)


def clear_leftovers_in(folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """`clear_leftovers` of every path in a folder; staging folders of running writers are left alone.

    Args:
        folder: the folder.
        wanted: names in the folder → whether this project writes them.
    """
    for staging, path in _stagings(folder):
        if wanted(path.name) and _is_abandoned(staging):
            _clear(staging, path)


def restore_in(folder: Path, wanted: Callable[[str], bool]) -> None:
    """Restores what a killed writer moved away in a folder, for readers; the arguments are as above.

    Raises:
        UserError: the file system refuses it.
    """
    for staging, path in _stagings(folder):
        if (
            wanted(path.name)
            and (staging / REPLACED).is_dir()
            and not path.exists()
            and _is_abandoned(staging)
        ):
            try:
                restore_replaced(staging, path)
            except OSError as error:
                raise UserError(
                    f"{path} must exist. Received: {staging / REPLACED}, where an interrupted command left "
                    f"it and from where it cannot be moved back ({error.strerror}). Run that command again."
                ) from None
            notice(f"restored: {path}, which an interrupted command was about to replace")


def _staged_name(path: Path) -> str:
    """How the staging folder of a path is called within its dots; its name, if that is not too long."""
    name = os.fsencode(path.name)
    longest = LONGEST_NAME - len("..") - RANDOM_CHARACTERS
    if len(name) <= longest:
        return path.name
    end = f"~{hashlib.sha256(name).hexdigest()[:12]}"
    return name[: longest - len(end)].decode("utf-8", "ignore") + end


def is_staging(path: Path) -> bool:
    """Whether a path is the staging folder of a file or folder."""
    return _STAGING.fullmatch(path.name) is not None and path.is_dir()


_STAGING = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{6,8}", re.DOTALL)
"""The name of a staging folder; its end is that of `tempfile.mkdtemp`."""


def _stagings(folder: Path) -> list[tuple[Path, Path]]:
    """The staging folders in a folder, each with the path that it is for."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    matches = [(entry, _STAGING.fullmatch(entry.name)) for entry in entries if is_staging(entry)]
    return [(entry, folder / match["name"]) for entry, match in matches if match]


def _is_abandoned(staging: Path) -> bool:
    """Whether its writer has ended: then nobody holds its lock."""
    try:
        descriptor = open_folder(staging)
    except OSError:  # its writer has just removed it
        return False
    if descriptor is None:
        return False
    try:
        return try_lock(descriptor) == "locked"
    finally:
        os.close(descriptor)


def _clear(staging: Path, path: Path) -> None:
    if restore_replaced(staging, path):
        notice(f"restored: {path}, which an interrupted command was about to replace")
    shutil.rmtree(staging, ignore_errors=True)
    notice(f"removed the staging folder of an interrupted command: {staging}")


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` atomically, as UTF-8 with the same bytes on every system.

    Removes what killed writers of `path` left.
    """
    clear_leftovers(path)
    with atomic_path(path) as staging:
        staging.write_text(text, encoding="utf-8", newline="\n")


def json_text(value: object) -> str:
    """`value` as indented JSON, the form of every JSON file of this project."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, value: object) -> None:
    """Writes `value` to `path` atomically, as `json_text`."""
    write_text(path, json_text(value))


def read_json(path: Path, what: str, *, remedy: str = "") -> Any:
    """The JSON document in `path`.

    Args:
        path: the file.
        what: how the error calls the file: "annotation file", "run's dataset.json", …
        remedy: what to do about a broken file, a sentence.

    Raises:
        UserError: the file is missing or no valid JSON; the message names file, line and column.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{what} must exist. Received: {path}, which does not.") from None
    except json.JSONDecodeError as error:
        cause = f"{path}, broken at line {error.lineno}, column {error.colno} ({error.msg})"
    except UnicodeDecodeError as error:
        raise UserError(
            f"{what} must be UTF-8 text. Received: {path} ({error.reason}). {remedy}".rstrip()
        ) from None
    except (RecursionError, ValueError) as error:  # thousands of brackets, or of digits
        cause = f"{path} ({one_line(error)})"
    raise UserError(f"{what} must be valid JSON. Received: {cause}. {remedy}".rstrip())


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileState(NamedTuple):
    """What differs once a file was changed or replaced, and is cheap to compare.

    `changed_ns` is the time of the last change of the file's status. No program can set it. So it tells apart
    two files of one size and time of modification, even where the file system gave both the same inode.
    """

    size: int
    modified_ns: int
    changed_ns: int
    inode: int


def file_state(path: Path) -> FileState:
    """The state of a file now.

    Raises:
        OSError: the file is missing, or its folder may not be searched.
    """
    status = path.stat()
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def sha256_once(path: Path) -> str:
    """`sha256`, computed once in a process while the file's state stays the same."""
    return _sha256_of_state(path, file_state(path))


@lru_cache(maxsize=4096)
def _sha256_of_state(path: Path, _: FileState) -> str:
    return sha256(path)


def digest(value: object) -> str:
    """The SHA-256 of a JSON value in hexadecimal; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
