"""Reads long JSON files entry by entry; MS-COCO's annotations take gigabytes of memory if parsed whole."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json
from tfrecords_tools.shell.lfs import check_no_pointer

CHUNK = 2**20
"""Characters read at a time."""
MAX_ENTRY = 2**26
"""Largest entry in characters; a longer one counts as a string or list that is never closed."""

Entry: TypeAlias = dict[str, Json]
"""An entry of a list."""

_MARK = re.compile(r"[^ \t\n\r]")
_decode = json.JSONDecoder().raw_decode


def read_lists(path: Path, keys: tuple[str, ...]) -> Iterator[tuple[str, int, Entry]]:
    """Yields the entries of some lists in a JSON object, in bounded memory.

    Args:
        path: the file, UTF-8.
        keys: the keys of the lists, which may come in any order; other values are skipped.

    Yields:
        `(key, row, entry)` in the file's order; rows of a list are counted from 1.

    Raises:
        UserError: the file is missing, no UTF-8 text, no JSON or no object; a list is missing, comes twice
            or has an entry that is no object.
    """
    check_no_pointer(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _lists(path, _Window(file), keys)
    except FileNotFoundError:
        raise UserError(f"annotation file must exist. Received: {path}, which does not.") from None
    except _BrokenError as error:
        raise UserError(f"annotation file must be valid JSON. Received: {path}, broken at {error}.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"annotation file must be UTF-8 text. Received: {path} ({error.reason}).") from None


def _lists(path: Path, window: "_Window", keys: tuple[str, ...]) -> Iterator[tuple[str, int, Entry]]:
    if window.peek() not in ("", "{"):
        raise UserError(f"annotation file must be an object. Received: {path}, which begins otherwise.")
    missing = set(keys)
    for key in window.members():
        if key in keys and (key not in missing or window.peek() not in ("[", "")):
            raise _no_list(path, key)
        missing.discard(key)
        if window.peek() != "[":
            window.value()
            continue
        for row, entry in enumerate(window.elements(), start=1):
            if key not in keys:
                continue
            if not isinstance(entry, dict):
                raise _no_list(path, key)
            yield key, row, entry
    for key in keys:
        if key in missing:
            raise _no_list(path, key)


def _no_list(path: Path, key: str) -> UserError:
    return UserError(f"annotation file must have {key!r}, one list of objects. Received: {path}, without.")


class _BrokenError(Exception):
    """The text is no JSON; the message gives position and cause."""


class _Window:
    """A window that moves over a JSON text.

    Args:
        file: the text.
    """

    def __init__(self, file: TextIO):
        self._file = file
        self._text = ""
        self._at = 0
        self._line, self._column = 1, 1  # of the first character in the window

    def members(self) -> Iterator[str]:
        """Yields the keys of the object; the caller must read each value before the next key."""
        self.take("{")
        mark = self.take("}") if self.peek() == "}" else ","
        while mark == ",":
            if self.peek() != '"':
                raise self._broken("a key in double quotes is missing", self._at)
            key = self.value()
            self.take(":")
            yield key
            mark = self.take(",}")
        if self.peek():
            raise self._broken("text follows the end of the object", self._at)

    def elements(self) -> Iterator[Any]:
        """Yields the values of the list that begins here."""
        self.take("[")
        mark = self.take("]") if self.peek() == "]" else ","
        while mark == ",":
            yield self.value()
            mark = self.take(",]")

    def value(self) -> Any:
        """Reads the value that begins here."""
        self.peek()
        while True:
            problem, position = "", self._at
            try:
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                problem, position, end = error.msg, error.pos, len(self._text)
            except (ValueError, RecursionError) as error:
                raise self._broken(str(error), self._at) from None
            if self._may_be_cut(end) and len(self._text) - self._at <= MAX_ENTRY and self._more():
                continue
            if problem:
                raise self._broken(problem, position)
            self._at = end
            return value

    def _may_be_cut(self, end: int) -> bool:
        """Whether the window may cut off the rest of a value, such as .5 of 1.5."""
        return end == len(self._text) or self._text[end] in ".eE+-0123456789"

    def take(self, marks: str) -> str:
        """Reads one of these characters."""
        mark = self.peek()
        if not mark or mark not in marks:
            raise self._broken(f"{' or '.join(marks)} is missing", self._at)
        self._at += 1
        return mark

    def peek(self) -> str:
        """The next character that is no blank, without reading it; empty at the end."""
        while True:
            if mark := _MARK.search(self._text, self._at):
                self._at = mark.start()
                return mark[0]
            self._at = len(self._text)
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Moves the window forward, past what has been read; returns False at the end of the text."""
        kept = self._text[self._at :]
        more = self._file.read(max(CHUNK, len(kept)))
        if more:
            self._line, self._column = self._position(self._at)
            self._text, self._at = kept + more, 0
        return bool(more)

    def _position(self, index: int) -> tuple[int, int]:
        lines = self._text.count("\n", 0, index)
        start = self._text.rfind("\n", 0, index) + 1
        return self._line + lines, index - start + (1 if lines else self._column)

    def _broken(self, problem: str, index: int) -> _BrokenError:
        line, column = self._position(index)
        return _BrokenError(f"line {line}, column {column} ({problem})")
