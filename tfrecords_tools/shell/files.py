"""Files written aside and renamed, and their digests. Python's standard library only."""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfrecords_tools.shell.errors import UserError

REPLACED = "replaced"
"""Where a staging folder holds the folder that is being replaced."""


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Yields a path beside `path` to write to; renames it to `path` on success, removes it on failure.

    Works for a file or a folder: whatever the caller makes at the yielded path. An existing file or
    folder at `path` is replaced at the end, never before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield staging / path.name
        if path.is_dir():
            path.rename(staging / REPLACED)
        (staging / path.name).replace(path)
    finally:
        put_back(staging, path)
        shutil.rmtree(staging, ignore_errors=True)


def put_back(staging: Path, path: Path) -> bool:
    """Renames to `path` the folder that a writer had moved out of its way, if it then wrote nothing there.

    Args:
        staging: the writer's staging folder.
        path: what it was to write.

    Returns:
        Whether there was such a folder.
    """
    if not (staging / REPLACED).is_dir() or path.exists():
        return False
    (staging / REPLACED).rename(path)
    return True


def staging_folders(path: Path) -> list[Path]:
    """The folders beside `path` in which `aside` is at work on it, or was when it was killed."""
    return sorted(path.parent.glob(f".{path.name}.*"))


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` as UTF-8 with the same bytes on every system, aside and renamed."""
    with aside(path) as staging:
        staging.write_text(text, encoding="utf-8", newline="\n")


def json_text(value: Any) -> str:
    """`value` as indented JSON: the one form in which this project writes a document."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Writes `value` to `path` as `json_text`, aside and renamed."""
    write_text(path, json_text(value))


def read_json(path: Path, what: str) -> Any:
    """The JSON document in `path`.

    Args:
        path: the file.
        what: what the file should be, for the error: "annotation file", "run's dataset.json", …

    Raises:
        UserError: the file is missing or is no JSON; the message names file, line and column.
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


def digest(value: Any) -> str:
    """A SHA-256 of any JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
