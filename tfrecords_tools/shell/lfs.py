"""Recognises Git LFS pointers, the small texts that stand for files that Git has not fetched."""

from pathlib import Path

from tfrecords_tools.shell.errors import UserError

START = b"version https://git-lfs.github.com/spec/"
"""How a pointer begins."""


def check_no_pointer(path: Path) -> None:
    """Checks that a file holds its content; a path that cannot be read passes.

    Raises:
        UserError: it is a Git LFS pointer.
    """
    try:
        with path.open("rb") as file:
            is_pointer = file.read(len(START)) == START
    except OSError:
        return
    if is_pointer:
        raise UserError(
            f"a file must hold its content. Received: {path}, a Git LFS pointer. Run `git lfs pull` in its "
            "repository."
        )
