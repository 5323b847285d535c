"""Exports in object storage, copied to a folder of the worker before they are opened."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from mmannot_tf.serving.metadata import METADATA_FILE
from mmannot_tf.serving.model import open_model
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest


def pinned(export: str) -> str:
    """The version folder that an export's address means now, so that all workers open the same one.

    Args:
        export: the path or URL of an export's folder or version folder, or "starter".

    Raises:
        UserError: it is no export.
    """
    if not is_address(export):
        model = open_model(Path(export))
        if model.run is not None:
            raise UserError(
                f"MODEL must be an export with --beam-runner. Received: {export}, a run. Export it with "
                "`mmannot export`."
            )
        return str(model.path.absolute())
    folder = export.rstrip("/")
    if FileSystems.exists(f"{folder}/{METADATA_FILE}"):
        return folder
    found = [_below(file.path, folder) for file in _files(folder)]
    versions = [int(parts[0]) for parts in found if parts[1:] == [METADATA_FILE] and parts[0].isdecimal()]
    if not versions:
        raise UserError(f"MODEL must be an export. Received: {export}, without {METADATA_FILE}.")
    return f"{folder}/{max(versions)}"


def local_copy(export: str) -> Path:
    """The folder of an export on this machine; of a URL a copy, which is made once.

    The copy lies in the folder for temporary files, and is named by the sizes and times of the files.
    """
    if not is_address(export):
        return Path(export)
    files = sorted(_files(export), key=lambda file: file.path)
    state = [[file.path, file.size_in_bytes, file.last_updated_in_seconds] for file in files]
    folder = _own_folder() / digest(state) / "1"
    if not folder.is_dir():
        _copy(files, export, folder)
    return folder


def _copy(files: Sequence[FileMetadata], export: str, folder: Path) -> None:
    """Copies files aside and renames their folder; another process that was faster wins."""
    folder.parent.mkdir(exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for file in files:
            target = staging.joinpath(*_below(file.path, export))
            target.parent.mkdir(parents=True, exist_ok=True)
            uncompressed = CompressionTypes.UNCOMPRESSED
            with (
                FileSystems.open(file.path, compression_type=uncompressed) as source,
                target.open("wb") as out,
            ):
                shutil.copyfileobj(source, out, 2**20)
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _own_folder() -> Path:
    """A folder for copies that only this user writes.

    Raises:
        UserError: another user has made it.
    """
    folder = Path(tempfile.gettempdir()) / f"mmannot-exports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise UserError(f"the folder for copies of exports must be of this user. Received: {folder}.")
    return folder


def _files(folder: str) -> list[FileMetadata]:
    listed = FileSystems.match([f"{folder.rstrip('/')}/**"])[0].metadata_list
    return [file for file in listed if not file.path.endswith("/")]


def _below(path: str, folder: str) -> list[str]:
    return path.removeprefix(folder.rstrip("/") + "/").split("/")
