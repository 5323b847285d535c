"""Reads the frozen table of the tag rule."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.tag_rule.version import TAG_RULE

FILE = Path(__file__).with_name(f"version_{TAG_RULE}.txt")
HANGUL = range(0xAC00, 0xD7A4)
"""The syllables, which are no lines of the file: their letters follow from their numbers."""
LEADING, VOWEL, TRAILING = 0x1100, 0x1161, 0x11A7
VOWELS, TRAILINGS = 21, 28
"""The Unicode Standard, 3.12; the first trailing consonant is none."""


@dataclass(frozen=True)
class RuleTable:
    """The rule's data, by code points.

    Attributes:
        fold: what a character becomes; characters that are not keys stay.
        classes: the canonical combining class of a character; 0 for those that are not keys.
        compose: the character that a pair of characters becomes.
    """

    fold: Mapping[int, str]
    classes: Mapping[int, int]
    compose: Mapping[tuple[str, str], str]


@functools.cache
def rule_table() -> RuleTable:
    """The table of `TAG_RULE`."""
    fold = {syllable: hangul_letters(syllable) for syllable in HANGUL}
    classes: dict[int, int] = {}
    compose: dict[tuple[str, str], str] = {}
    for line in FILE.read_text(encoding="ascii").splitlines():
        kind, _, entry = line.partition(" ")
        key, _, value = entry.partition("=")
        if kind == "fold":
            fold.update(dict.fromkeys(_range(key), _text(value)))
        elif kind == "class":
            classes.update(dict.fromkeys(_range(key), int(value)))
        elif kind == "compose":
            pair = _text(key)
            compose[pair[0], pair[1]] = _text(value)
    return RuleTable(fold, classes, compose)


def hangul_letters(syllable: int) -> str:
    """The two or three letters of a Hangul syllable."""
    rest, trailing = divmod(syllable - HANGUL.start, TRAILINGS)
    leading, vowel = divmod(rest, VOWELS)
    return "".join(map(chr, (LEADING + leading, VOWEL + vowel, *([TRAILING + trailing] if trailing else []))))


def hangul_syllable(first: str, second: str) -> str:
    """The syllable of a leading consonant and a vowel, or of a syllable and a trailing one; "" if none."""
    leading, vowel = ord(first) - LEADING, ord(second) - VOWEL
    if 0 <= leading < len(HANGUL) // (VOWELS * TRAILINGS) and 0 <= vowel < VOWELS:
        return chr(HANGUL.start + (leading * VOWELS + vowel) * TRAILINGS)
    syllable, trailing = ord(first) - HANGUL.start, ord(second) - TRAILING
    if 0 <= syllable < len(HANGUL) and not syllable % TRAILINGS and 0 < trailing < TRAILINGS:
        return chr(ord(first) + trailing)
    return ""


def _range(text: str) -> Iterator[int]:
    first, _, last = text.strip().partition("..")
    yield from range(int(first, 16), int(last or first, 16) + 1)


def _text(text: str) -> str:
    return "".join(chr(int(code_point, 16)) for code_point in text.split())
