"""Atomic writes of folders."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tfrecords_tools.shell.files import REPLACED, restore_replaced, staging_folder


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary path for a folder; renames it to `path` on success, removes it on failure.

    The caller makes a folder at the yielded path. An existing folder at `path` is replaced at the end with
    all that it holds, never before; `files.atomic_path` replaces no folder.

    Raises:
        OSError: the file system refuses a write, or `path` is a file; its `filename` is `path`.
    """
    with staging_folder(path) as staging:
        try:
            yield staging / path.name
            if path.is_dir():
                path.rename(staging / REPLACED)
            (staging / path.name).replace(path)
        finally:
            restore_replaced(staging, path)
