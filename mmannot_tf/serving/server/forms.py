"""Reads a form with files, multipart/form-data (RFC 7578), from a whole body."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mmannot_tf.serving.server.errors import RequestError, short_repr

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

PIECE = 1 << 16
"""The number of bytes that are parsed at once; other threads run between two pieces."""
UTF8 = re.compile(rb"(?i)utf-?8|us-ascii|")
"""The charsets that are accepted; ASCII is a part of UTF-8."""


@dataclass
class Part:
    """A part of a form.

    Attributes:
        name: the field's name.
        file_name: the file's name; None of a text.
        content: its bytes.
    """

    name: str = ""
    file_name: str | None = None
    content: bytearray = field(default_factory=bytearray)

    def text(self) -> str:
        """Returns the content of a text.

        Raises:
            RequestError: it is not UTF-8.
        """
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            received = f"{short_repr(bytes(self.content[:100]))} ({error.reason})"
            raise RequestError(400, f"{self.name} must be UTF-8. Received: {received}.") from None


def parse_form(body: bytes, content_type: str, *, max_parts: int, max_text_bytes: int) -> list[Part]:
    """Parses a form.

    Args:
        body: the whole body.
        content_type: the header that says where parts end.
        max_parts: the most parts.
        max_text_bytes: the most bytes of a part that is no file.

    Raises:
        RequestError: it is not a form, is cut, breaks a limit, or has another charset than UTF-8.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise RequestError(415, "Images must be sent as multipart/form-data.")
    _check_charset(options.get(b"charset", b""))
    boundary = options.get(b"boundary", b"")
    reader = _Reader(max_parts, max_text_bytes)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        for start in range(0, len(body), PIECE):
            parser.write(body[start : start + PIECE])
    except FormParserError as error:
        raise RequestError(400, f"The body must be multipart/form-data. Received: {error}.") from None
    if not boundary or not reader.complete:
        raise RequestError(400, "A form must name its boundary and end with it.")
    return reader.parts


class _Reader:
    """Collects parts as the parser finds them.

    Attributes:
        parts: the parts.
        complete: whether the form's end was found.
    """

    def __init__(self, max_parts: int, max_text_bytes: int):
        self.parts: list[Part] = []
        self.complete = False
        self._max_parts, self._max_text_bytes = max_parts, max_text_bytes
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}

    def callbacks(self) -> "MultipartCallbacks":
        """Returns what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._extend,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == self._max_parts:
            raise RequestError(400, f"A form must have at most {self._max_parts} parts.")
        self.parts.append(Part())
        self._headers = {}

    def _end_header(self) -> None:
        name = bytes(self._header).lower()
        if name in self._headers:
            raise RequestError(400, f"A part must have a header once. Received: {short_repr(name)} twice.")
        self._headers[name] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        _, kind = parse_options_header(self._headers.get(b"content-type", b""))
        _check_charset(kind.get(b"charset", b""))
        if b"name" not in options:
            raise RequestError(400, "Every part must have a Content-Disposition with a name.")
        part = self.parts[-1]
        part.name = _decoded_name(options[b"name"])
        part.file_name = _decoded_name(options[b"filename"]) if b"filename" in options else None

    def _extend(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.content += data[start:end]
        if part.file_name is None and len(part.content) > self._max_text_bytes:
            raise RequestError(400, f"{part.name[:50]} must have at most {self._max_text_bytes:,} bytes.")

    def _end(self) -> None:
        self.complete = True


def _decoded_name(raw: bytes) -> str:
    """Decodes a name: UTF-8, or else Latin-1, as old clients write it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _check_charset(charset: bytes) -> None:
    if not UTF8.fullmatch(charset):
        raise RequestError(
            400, f"The charset must be utf-8. Received: {short_repr(charset.decode('latin-1'))}."
        )
