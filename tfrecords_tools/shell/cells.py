r"""Cells of the CSV files that we write, so that spreadsheets and line readers take them for text.

Three rules, which `unescaped` reverses:

- A control character or a byte that is no UTF-8 is written `\xNN`; a backslash before such a text is `\x5c`.
- In a list, entries are joined by "; ", and a semicolon inside an entry is written `\x3b`.
- A cell that begins like a formula of a spreadsheet, with = + - @ or their full-width forms, gets a `'`
  before it; so does a cell that has this mark already.

The file is therefore always UTF-8, with one line per row.
"""

import re
from collections.abc import Iterable

SEPARATOR = "; "
"""Between the entries of a list."""

_SPECIAL = re.compile("[\x00-\x1f\x7f\udc80-\udcff]|\\\\(?=x[0-9a-f]{2})")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_ESCAPED = {*range(0x20), 0x3B, 0x5C, 0x7F, *range(0x80, 0x100)}
_FORMULA = re.compile("'*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def escaped(text: str) -> str:
    """A cell with one text, by the rules of this module."""
    return _neutral(_special(text))


def escaped_list(entries: Iterable[str]) -> str:
    """A cell with a list of texts, by the rules of this module."""
    return _neutral(SEPARATOR.join(_special(entry).replace(";", r"\x3b") for entry in entries))


def begins_formula(cell: str) -> bool:
    """Whether a spreadsheet would take a cell for a formula, or it begins with the mark against that."""
    return _FORMULA.match(cell) is not None


def unescaped(cell: str) -> str:
    """The text of a cell that `escaped` made."""
    return _ESCAPE.sub(_character, cell[1:] if _has_mark(cell) else cell)


def unescaped_list(cell: str) -> list[str]:
    """The texts of a cell that `escaped_list` made."""
    entries = cell[1:] if _has_mark(cell) else cell
    return [_ESCAPE.sub(_character, entry) for entry in entries.split(SEPARATOR)] if entries else []


def _special(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"\\x{ord(match.group()) & 0xFF:02x}", text)


def _neutral(cell: str) -> str:
    return f"'{cell}" if begins_formula(cell) else cell


def _has_mark(cell: str) -> bool:
    return cell.startswith("'") and begins_formula(cell)


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    if code not in _ESCAPED:
        return match.group()
    return chr(code) if code < 0x80 else chr(0xDC00 + code)
