"""The files of records: whether they are whole, and unchanged since the records were opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import FileState, file_state, sha256, sha256_once

SHARD = ".tfrecord-"
"""In the name of every shard, and of no other file."""


@dataclass(frozen=True)
class StoredFile:
    """A file of records.

    Attributes:
        sha256: as the build noted it.
        state: when the records were opened; None if the file was missing.
    """

    sha256: str
    state: FileState | None


def stored_files(folder: Path, digests: Mapping[str, str]) -> dict[str, StoredFile]:
    """The files of records by name; `digests` are those that the build noted."""
    return {name: StoredFile(expected, _state(folder / name)) for name, expected in digests.items()}


def check_metadata(folder: Path, files: Mapping[str, StoredFile]) -> None:
    """Compares the digest of every file but the shards, which are too large, with what the build noted.

    Raises:
        UserError: one is missing or damaged.
    """
    for name, file in files.items():
        if SHARD not in name and (file.state is None or sha256_once(folder / name) != file.sha256):
            reason = "missing" if file.state is None else "damaged or edited"
            raise UserError(
                f"records must be whole. Received: {folder / name}, {reason}. "
                f"See `mmannot-records verify {folder}`, then build again with --overwrite."
            )


def check_unchanged(folder: Path, files: Mapping[str, StoredFile]) -> None:
    """Checks that no file was changed or replaced since the records were opened, except by its own content.

    Raises:
        ChangedRecordsError: one was.
    """
    for name, file in files.items():
        state = _state(folder / name)
        if state != file.state and (state is None or sha256(folder / name) != file.sha256):
            raise ChangedRecordsError(
                f"records must stay as they are while a command reads them. Received: {folder}, where {name} "
                "was changed or replaced meanwhile. Run the command again when nothing writes there."
            )


class ChangedRecordsError(UserError):
    """Records were changed while they were read, so what was made from them belongs to no records."""


def _state(path: Path) -> FileState | None:
    try:
        return file_state(path)
    except OSError:
        return None
