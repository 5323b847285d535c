"""The folder of an export's new version, and the digests of its files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mmannot_tf.serving.metadata import CARD_FILE, METADATA_FILE
from mmannot_tf.serving.model import SAVED_MODEL_FILE, versions
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import clear_leftovers_in, is_staging, sha256
from tfrecords_tools.shell.lock import folder_lock


@contextlib.contextmanager
def new_version(out: Path, *, command: str) -> Iterator[Path]:
    """Yields the path of a version folder to write, while no other process writes beside it.

    Args:
        out: the export's folder, which gets the next version, or OUT/NUMBER, which is replaced.
        command: that writes, for the error of a second one.

    Raises:
        UserError: `out` holds something else, or another process writes there.
    """
    if out.exists() and not out.is_dir():
        raise _not_an_export(out)
    versions_folder = out.parent if out.name.isdecimal() else out
    with folder_lock(versions_folder, command=command, option="--out"):
        clear_leftovers_in(versions_folder, str.isdecimal)
        yield _version_folder(out)


def file_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a version folder, by its name, but for export.json and the model card."""
    return {
        file.relative_to(folder).as_posix(): sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file not in (folder / METADATA_FILE, folder / CARD_FILE)
    }


def _version_folder(out: Path) -> Path:
    """Returns `out` itself if its name is a number, else its next version."""
    if not out.name.isdecimal():
        if not versions(out) and not all(is_staging(entry) for entry in out.iterdir()):
            raise _not_an_export(out)
        return out / str(max(versions(out), default=0) + 1)
    is_export = (out / METADATA_FILE).is_file() or (out / SAVED_MODEL_FILE).is_file()
    if out.exists() and not is_export and (not out.is_dir() or any(out.iterdir())):
        raise _not_an_export(out)
    return out


def _not_an_export(out: Path) -> UserError:
    return UserError(
        f"--out must be a new or empty folder, or an export. Received: {out}, which holds something else."
    )
