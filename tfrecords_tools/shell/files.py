"""Atomic writes of files and folders, JSON, and digests. Python's standard library only."""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tfrecords_tools.shell.errors import UserError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value."""

REPLACED = "replaced"
"""Name of the replaced folder while it is kept in the staging folder."""


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path to write to; renames it to `path` on success, removes it on failure.

    The caller makes a file or a folder at the yielded path. An existing file or folder at `path` is
    replaced at the end, never before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield staging / path.name
        if path.is_dir():
            path.rename(staging / REPLACED)
        (staging / path.name).replace(path)
    finally:
        restore_replaced(staging, path)
        shutil.rmtree(staging, ignore_errors=True)


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
    """The staging folders of `atomic_path(path)`: of a running writer, or left by a killed one."""
    return sorted(path.parent.glob(f".{path.name}.*"))


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` atomically, as UTF-8 with the same bytes on every system."""
    with atomic_path(path) as staging:
        staging.write_text(text, encoding="utf-8", newline="\n")


def json_text(value: object) -> str:
    """`value` as indented JSON, the form of every JSON file of this project."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, value: object) -> None:
    """Writes `value` to `path` atomically, as `json_text`."""
    write_text(path, json_text(value))


def read_json(path: Path, what: str) -> Any:
    """The JSON document in `path`.

    Args:
        path: the file.
        what: how the error calls the file: "annotation file", "run's dataset.json", …

    Raises:
        UserError: the file is missing or no valid JSON; the message names file, line and column.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{what} must exist. Received: {path}, which does not.") from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{what} must be valid JSON. Received: {path}, broken at line {error.lineno}, "
            f"column {error.colno} ({error.msg})."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{what} must be UTF-8 text. Received: {path} ({error.reason}).") from None


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: object) -> str:
    """The SHA-256 of a JSON value in hexadecimal; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
