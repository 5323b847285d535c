"""Photographs in object storage and other places that fsspec reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmannot_tf.serving.inputs.passed_over import PassedOver
from tfrecords_tools.photographs.regular_files import bounded_content
from tfrecords_tools.photographs.unreadable import MISSING, UnreadableImageError
from tfrecords_tools.shell.addresses import WILDCARD, address_errors, file_system, reason
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class RemotePhotograph:
    """A photograph that is no file of this machine.

    Attributes:
        address: such as `gs://bucket/photos/2019/harbour.jpg`.
        relative: its path below the address that the user named, of a pattern below its last folder without
            a wildcard; of a named file its name.
        tags: tags that come with it, comma-separated; None if none can.
    """

    address: str
    relative: str
    tags: str | None = None
    path: None = None

    def __str__(self) -> str:
        return self.address

    @property
    def absolute(self) -> str:
        """The address."""
        return self.address

    def content(self) -> bytes:
        """Reads its bytes.

        Raises:
            UnreadableImageError: it is missing, out of reach, too large, or of no known format.
        """
        try:
            system, path = file_system(self.address)
            with system.open(path, "rb") as file:
                return bounded_content(file)
        except UnreadableImageError:
            raise
        except FileNotFoundError:
            raise UnreadableImageError(MISSING) from None
        except IsADirectoryError:
            raise UnreadableImageError("a folder, not a regular file") from None
        except Exception as error:  # every file system has errors of its own
            raise UnreadableImageError(reason(error)) from None

    def modified(self) -> float:
        """When it was changed last, in seconds since the epoch; 0 if the file system does not say."""
        try:
            system, path = file_system(self.address)
            return float(system.modified(path).timestamp())
        except Exception:  # a file system without such times, or out of reach; reading would report that
            return 0.0


def remote_photographs(address: str, passed_over: PassedOver) -> Iterator[RemotePhotograph]:
    """Lists the photographs below an address, those that match a pattern, or the one of that name.

    Below folders the rules are those of local folders. Memory holds the names of one folder at a time.

    Args:
        address: a folder, a file, or a pattern with `*`, `**`, `?` or `[...]`.
        passed_over: counts what is passed over.

    Raises:
        UserError: the place cannot be listed.
    """
    system, top = file_system(address)
    with address_errors(address):
        is_pattern = WILDCARD.search(top) is not None and not system.exists(top)
        if is_pattern:
            names = sorted(system.glob(top))
        elif system.isdir(top):
            names = None
        else:
            names = [top]
    if names is None:
        with address_errors(address):
            yield from _below(system, top.rstrip("/"), top, passed_over)
        return
    if is_pattern and not names:
        raise UserError(f"A pattern must match files. Received: {address}, which matches none.")
    folder = WILDCARD.split(top, maxsplit=1)[0].rpartition("/")[0]
    for name in names:
        yield RemotePhotograph(_address(system, name), name.removeprefix(folder).lstrip("/"))


def _below(system: Any, folder: str, top: str, passed_over: PassedOver) -> Iterator[RemotePhotograph]:
    for entry in sorted(system.ls(folder, detail=True), key=lambda entry: entry["name"].rstrip("/")):
        path = entry["name"].rstrip("/")
        name = path.rpartition("/")[2]
        if path == folder:  # an empty object that stands for the folder
            continue
        if entry["type"] == "directory":
            if not passed_over.passes_folder(name):
                yield from _below(system, path, top, passed_over)
        elif not passed_over.passes_file(name):
            yield RemotePhotograph(_address(system, path), path.removeprefix(top).lstrip("/"))


def _address(system: Any, path: str) -> str:
    return str(system.unstrip_protocol(path))
