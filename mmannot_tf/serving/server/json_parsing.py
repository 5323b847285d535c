"""Parses JSON of clients in pieces, so that no body keeps other threads from running."""

import json
import re
from collections.abc import Callable
from typing import TypeAlias

from mmannot_tf.serving.server.errors import RequestError

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
PIECE = 1 << 15
"""The characters that Python's own parser gets at once; it holds the interpreter's lock meanwhile."""
MAX_DEPTH = 8
"""How deep lists and objects of more than a piece may be nested; a request needs six levels."""
MAX_ENTRIES = 1 << 16
"""Of one list; no image has more rows or columns."""
MAX_MEMBERS = 1 << 10
"""Of one object; a request needs a handful."""
BLANKS = re.compile(r"[ \t\n\r]*")


def parse_json(body: bytes, *, max_values: int) -> JsonValue:
    """Parses a JSON document.

    Args:
        body: the document's bytes.
        max_values: the number of commas and opening brackets that the document may hold, also in texts.

    Raises:
        RequestError: it is no JSON, holds more values, is nested too deep, or has a key twice.
    """
    values = sum(map(body.count, (b",", b"[", b"{")))
    if values > max_values:
        raise RequestError(
            413,
            f"A JSON body must have at most {max_values:,} commas and brackets. Received: {values:,}. Send "
            "images as base64, or fewer at once.",
        )
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        return _Parser(text).document()
    except RecursionError:
        raise RequestError(400, "The body must be JSON. Received: nesting that is too deep.") from None
    except ValueError as error:
        raise RequestError(400, f"The body must be JSON. Received: {error}.") from None


class _Parser:
    """Walks through the large lists and objects of a text; Python's own parser reads the small ones."""

    def __init__(self, text: str):
        self._text = text
        self._piece, self._piece_start = "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant)

    def document(self) -> JsonValue:
        """Returns the text's value."""
        value, end = self._value(self._skip(0), 0)
        end = self._skip(end)
        if end != len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, end)
        return value

    def _value(self, start: int, depth: int) -> tuple[JsonValue, int]:
        """Returns the value at a position, and the position after it."""
        opening = self._text[start : start + 1]
        if opening not in ("[", "{"):
            return self._decoder.raw_decode(self._text, start)
        if not self._piece_start <= start <= self._piece_start + len(self._piece) - PIECE:
            self._piece_start, self._piece = start, self._text[start : start + 2 * PIECE]
        try:
            value, end = self._decoder.raw_decode(self._piece, start - self._piece_start)
        except json.JSONDecodeError:  # also if the value is longer than the piece
            if depth == MAX_DEPTH:
                raise json.JSONDecodeError("Nesting that is too deep", self._text, start) from None
            return (self._list if opening == "[" else self._object)(start + 1, depth + 1)
        return value, self._piece_start + end

    def _list(self, start: int, depth: int) -> tuple[JsonValue, int]:
        entries: list[JsonValue] = []

        def entry(position: int) -> int:
            value, end = self._value(position, depth)
            entries.append(value)
            if len(entries) > MAX_ENTRIES:
                raise json.JSONDecodeError(f"A list of more than {MAX_ENTRIES:,} entries", self._text, end)
            return end

        return entries, self._entries(start, "]", entry)

    def _object(self, start: int, depth: int) -> tuple[JsonValue, int]:
        pairs: list[tuple[str, JsonValue]] = []

        def member(position: int) -> int:
            if self._text[position : position + 1] != '"':
                raise json.JSONDecodeError("Expecting a name in double quotes", self._text, position)
            name, end = self._decoder.raw_decode(self._text, position)
            end = self._skip(end)
            if self._text[end : end + 1] != ":":
                raise json.JSONDecodeError("Expecting ':'", self._text, end)
            value, end = self._value(self._skip(end + 1), depth)
            pairs.append((name, value))
            if len(pairs) > MAX_MEMBERS:
                raise json.JSONDecodeError(f"An object of more than {MAX_MEMBERS:,}", self._text, end)
            return end

        end = self._entries(start, "}", member)
        return _members(pairs), end

    def _entries(self, start: int, closing: str, entry: Callable[[int], int]) -> int:
        """Calls `entry`, which returns the position after an entry, up to the closing bracket."""
        position = self._skip(start)
        if self._text[position : position + 1] == closing:
            return position + 1
        while True:
            position = self._skip(entry(position))
            separator = self._text[position : position + 1]
            if separator == closing:
                return position + 1
            if separator != ",":
                raise json.JSONDecodeError(f"Expecting ',' or '{closing}'", self._text, position)
            position = self._skip(position + 1)

    def _skip(self, position: int) -> int:
        return BLANKS.match(self._text, position).end()  # type: ignore[union-attr]


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object that has a name twice")
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"an object of more than {MAX_MEMBERS:,} members")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name}, which is not JSON")
