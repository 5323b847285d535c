"""Compressed bodies of requests, inflated within a limit."""

import gzip
import io
import zlib
from collections.abc import Iterable

from mmannot_tf.serving.server.errors import RequestError, short_repr

MEMBER = b"\x1f\x8b\x08"
"""What each of the members that gzip data consists of begins with."""
MAX_MEMBERS = 100
NAME = b"content-encoding"


def is_compressed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request's body is compressed by gzip.

    Raises:
        RequestError: it has another encoding.
    """
    encodings = [value.strip().lower() for name, value in headers if name == NAME]
    if encodings in ([], [b"identity"], [b""]):
        return False
    if encodings in ([b"gzip"], [b"x-gzip"]):
        return True
    received = short_repr(b", ".join(encodings).decode("latin-1"))
    raise RequestError(415, f"Content-Encoding must be gzip, or none. Received: {received}.")


def inflate(body: bytes, *, max_bytes: int) -> bytes:
    """Inflates gzip data.

    Args:
        body: the compressed bytes.
        max_bytes: the most inflated bytes.

    Raises:
        RequestError: it is not gzip, is cut, or inflates to more bytes.
    """
    rule = "The body must be gzip, as its header says"
    if body.count(MEMBER) > MAX_MEMBERS:
        raise RequestError(400, f"{rule}. Received: more than {MAX_MEMBERS} members.")
    try:
        inflated = gzip.GzipFile(fileobj=io.BytesIO(body)).read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RequestError(400, f"{rule}. Received: {error}.") from None
    if len(inflated) > max_bytes:
        raise RequestError(413, f"A body must have at most {max_bytes:,} bytes, also inflated.")
    return inflated
