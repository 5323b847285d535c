"""The access log: a JSON line for each request, without images, tags, names of files and addresses."""

import contextlib
import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import TypedDict

from tfrecords_tools.shell.errors import UserError

LOG = logging.getLogger(__name__)
STDOUT = "-"
MAX_PATH = 256
"""The number of characters of a path that a line has; the longest of ours has some tens."""


class AccessLine(TypedDict):
    """A line as JSON values.

    Attributes:
        time: when the request's headers had arrived, UTC, in milliseconds.
        id: of the request, as in the response's header.
        method: of HTTP.
        path: without its query.
        status: of the response; 0 if none was sent.
        seconds: from the headers to the end of the response.
        images: the number of images in the request.
        model: the name of the model that answered; empty if none did.
        version: its version.
        bytes: of the response's body.
    """

    time: str
    id: str
    method: str
    path: str
    status: int
    seconds: float
    images: int
    model: str
    version: str
    bytes: int


class AccessLog:
    """Appends lines to a file, or writes them to stdout. A file that was moved away is begun anew."""

    def __init__(self, target: str):
        """Opens the log.

        Args:
            target: a file, or `STDOUT`.

        Raises:
            UserError: the file cannot be opened.
        """
        try:
            self._handler = (
                logging.StreamHandler(sys.stdout)
                if target == STDOUT
                else WatchedFileHandler(target, encoding="ascii")
            )
        except OSError as error:
            raise UserError(
                f"--access-log must be a file that can be written, or {STDOUT} for stdout. Received: "
                f"{target} ({error.strerror})."
            ) from None
        self._handler.handleError = _warn  # type: ignore[method-assign]

    def write(self, line: AccessLine) -> None:
        """Writes a line; what cannot be written is lost, and the server's log says so."""
        text = json.dumps({**line, "path": line["path"][:MAX_PATH]})
        self._handler.handle(logging.LogRecord(__name__, logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        """Closes the file."""
        with contextlib.suppress(OSError):
            self._handler.close()


def now() -> str:
    """The time as lines have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _warn(record: logging.LogRecord) -> None:
    LOG.warning("a line of the access log is lost: %s", sys.exception())
