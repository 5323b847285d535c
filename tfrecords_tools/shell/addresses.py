"""Addresses of files elsewhere, such as `gs://bucket/photos`, read and written through fsspec."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.extras import install_command

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
WILDCARD = re.compile(r"[*?[]")
"""A character that makes an address a pattern."""
EXTRAS = {"gs": "gs", "gcs": "gs", "s3": "s3", "s3a": "s3"}
"""The extra of this package that holds the file system of a scheme."""


def is_address(text: str) -> bool:
    """Whether a text is an address with a scheme, and no path of this machine.

    Example:
        >>> is_address("gs://bucket/photos"), is_address("photos/gs")
        (True, False)
    """
    return _SCHEME.match(text) is not None


def file_system(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it.

    Args:
        address: of any scheme that fsspec knows: gs, s3, hdfs, memory, file, …

    Raises:
        UserError: the scheme is unknown, or its package is not installed.
    """
    import fsspec

    try:
        return fsspec.url_to_fs(address)
    except ImportError as error:
        extra = EXTRAS.get(_scheme(address))
        remedy = f"Run `{install_command(extra)}`." if extra else one_line(error)
        raise UserError(
            f"{_scheme(address)}:// needs a package that is not installed. Received: {address}. {remedy}"
        ) from None
    except ValueError as error:
        raise UserError(f"An address must be one that fsspec knows. Received: {address}. {error}.") from None


@contextlib.contextmanager
def address_errors(address: str) -> Iterator[None]:
    """Turns the errors of a file system into one line; every file system has errors of its own.

    Raises:
        UserError: anything went wrong.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{address} must be within reach. Received: {reason(error)}.") from error


def reason(error: Exception) -> str:
    """Why an access failed, in one line.

    Example:
        >>> reason(PermissionError(13, "Permission denied"))
        'Permission denied'
    """
    text = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
    return text or type(error).__name__


def _scheme(address: str) -> str:
    found = _SCHEME.match(address)
    return found[1].lower() if found else ""
