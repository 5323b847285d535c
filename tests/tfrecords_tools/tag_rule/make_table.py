"""Makes the table of the tag rule from the Unicode data of Python 3.11: `python make_table.py > TABLE`.

The table is frozen: a run, records and an export go on to be read by it. Change the rule's version with it.
"""

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

UNICODE = "14.0.0"
"""Of Python 3.11."""
LAST = 0x10FFFF
YPOGEGRAMMENI = 0x345
"""Folded after the ordering of marks: its folded form, iota, is no mark."""
SEPARATORS = ",;\n\v\f\r\x85\u2028\u2029\u060c\u061b\u3001"
"""Commas, semicolons and line breaks that no compatibility decomposition relates."""
IGNORABLE = (
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)),
    *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164),
    *(*range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4)),
    *(*range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
)
"""Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties."""
HANGUL = range(0xAC00, 0xD7A4)
"""Decomposed and composed by arithmetic (The Unicode Standard, 3.12)."""
HEADER = f"""\
# The tag rule, version 2, from Unicode {UNICODE}. docs/tags.md says how it is used.
# Code points are hexadecimal.
# fold FIRST[..LAST] = ...    each of these characters becomes the characters after the sign, or vanishes
# class FIRST[..LAST] = N     the combining class of these characters; 0 for all others
# compose FIRST SECOND = ...  these two characters become the one after the sign
"""


def fold(character: str) -> str:
    """What a character becomes, before marks are put in order."""
    code_point = ord(character)
    if 0xD800 <= code_point < 0xE000:
        return "\ufffd"
    if character in SEPARATORS:
        return ","
    if code_point in IGNORABLE_SET:
        return ""
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    folded = unicodedata.normalize("NFKD", character)
    while folded != (again := unicodedata.normalize("NFKD", "".join(map(_casefold, folded)))):
        folded = again
    return folded if folded == character else "".join(map(fold, folded))


def _casefold(character: str) -> str:
    return character if ord(character) == YPOGEGRAMMENI else character.casefold()


IGNORABLE_SET = frozenset(IGNORABLE)


def compositions() -> Iterator[tuple[str, str, str]]:
    """The pairs of folded text that compose, and what they compose to."""
    for code_point in range(LAST + 1):
        composed = chr(code_point)
        decomposed = unicodedata.decomposition(composed)
        if not decomposed or decomposed.startswith("<") or code_point in HANGUL or " " not in decomposed:
            continue
        first, second = (chr(int(part, 16)) for part in decomposed.split())
        if unicodedata.normalize("NFC", first + second) == composed and _is_folded(composed):
            yield first, second, composed


def _is_folded(composed: str) -> bool:
    return all(fold(character) == character for character in unicodedata.normalize("NFD", composed))


def ranges(entries: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Ranges of adjacent code points with the same value, and that value."""
    numbered = ((index, *entry) for index, entry in enumerate(entries))
    for (_, value), group in groupby(numbered, key=lambda entry: (entry[1] - entry[0], entry[2])):
        points = [code_point for _, code_point, _ in group]
        yield _hex(points[0]) + (f"..{_hex(points[-1])}" if len(points) > 1 else ""), value


def table() -> str:
    """The table's text."""
    characters = [chr(code_point) for code_point in range(LAST + 1) if code_point not in HANGUL]
    folds = ((ord(one), _codes(fold(one))) for one in characters if fold(one) != one)
    classes = (
        (ord(one), str(unicodedata.combining(one))) for one in characters if unicodedata.combining(one)
    )
    lines = [f"fold {codes} = {value}".rstrip() for codes, value in ranges(folds)]
    lines += [f"class {codes} = {value}" for codes, value in ranges(classes)]
    lines += [f"compose {_codes(first + second)} = {_codes(one)}" for first, second, one in compositions()]
    return HEADER + "\n".join(lines) + "\n"


def _codes(text: str) -> str:
    return " ".join(_hex(ord(character)) for character in text)


def _hex(code_point: int) -> str:
    return f"{code_point:04X}"


if __name__ == "__main__":
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"Python must have Unicode {UNICODE}. Received: {unicodedata.unidata_version}.")
    sys.stdout.write(table())
