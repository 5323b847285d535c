"""How a tag is spelled: docs/tags.md, in Python, for every version of Python alike."""

import functools
import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from tfrecords_tools.tag_rule.table import (
    TRAILING,
    TRAILINGS,
    VOWEL,
    VOWELS,
    hangul_syllable,
    rule_table,
)

SEPARATOR = ","
"""What the table makes of commas, semicolons and line breaks."""
YPOGEGRAMMENI, IOTA = "\u0345", "\u03b9"
_BLANKS = re.compile(" +")


def normalize_tag(text: str) -> str:
    """The form of a tag that records and vocabularies hold; "" if nothing is left of it.

    Two spellings are one tag if this form is the same. Commas, semicolons and line breaks count as blanks.

    Example:
        >>> normalize_tag("#San\N{NO-BREAK SPACE}Francisco, CA")
        'san francisco ca'
    """
    return _composed(lookup_key(text))


def split_tags(text: str) -> list[str]:
    """The tags of a text, in order; commas, semicolons and line breaks separate them.

    Example:
        >>> split_tags("Black; WHITE, #female")
        ['black', 'white', 'female']
    """
    keys = (_trimmed(part) for part in _folded(text).split(SEPARATOR))
    return [_composed(key) for key in keys if key]


def join_tags(tags: Iterable[str]) -> str:
    """A text that `split_tags` splits into these tags; separators and blanks inside a tag become one blank.

    Example:
        >>> join_tags(["Beach", "San Francisco, CA"])
        'Beach, San Francisco CA'
    """
    return ", ".join(" ".join(tag.translate(_without_separators()).split()) for tag in tags)


def unique_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The normalised tags of a list, each once, in the order of their first spelling."""
    return tuple(dict.fromkeys(tag for tag in map(normalize_tag, tags) if tag))


def lookup_key(text: str) -> str:
    """`normalize_tag` without the composition: the form that a graph looks up."""
    return _trimmed(_folded(text).replace(SEPARATOR, " "))


@functools.cache
def _without_separators() -> Mapping[int, str]:
    """The characters whose folded form has a separator, and that form with a blank instead."""
    fold = rule_table().fold
    return {one: form.replace(SEPARATOR, " ") for one, form in fold.items() if SEPARATOR in form} | {
        ord(SEPARATOR): " "
    }


def _folded(text: str) -> str:
    """The folded characters with their marks in canonical order."""
    folded = text.translate(rule_table().fold)
    return folded if folded.isascii() else _ordered(folded).replace(YPOGEGRAMMENI, IOTA)


def _trimmed(text: str) -> str:
    return _BLANKS.sub(" ", text).lstrip("# ").rstrip(" ")


def _ordered(text: str) -> str:
    """Sorts each run of marks by their combining classes; the sort is stable."""
    if _marks().isdisjoint(text):  # far faster than what follows
        return text
    classes = rule_table().classes
    pairs = [(classes.get(ord(character), 0), character) for character in text]
    runs = (list(run) for _, run in groupby(pairs, key=lambda pair: pair[0] > 0))
    return "".join(character for run in runs for _, character in (sorted(run, key=lambda pair: pair[0])))


@functools.cache
def _marks() -> frozenset[str]:
    """The characters whose combining class is not 0."""
    return frozenset(chr(code) for code, rank in rule_table().classes.items() if rank)


@functools.cache
def _second_characters() -> re.Pattern[str]:
    """A character that may be composed with one before it."""
    pairs = {second for _, second in rule_table().compose}
    letters = f"{chr(VOWEL)}-{chr(VOWEL + VOWELS - 1)}{chr(TRAILING + 1)}-{chr(TRAILING + TRAILINGS - 1)}"
    return re.compile(f"[{re.escape(''.join(sorted(pairs)))}{letters}]")


def _composed(text: str) -> str:
    """The canonical composition of text whose marks are in order (The Unicode Standard, D117)."""
    if text.isascii() or not _second_characters().search(text):
        return text
    classes, compose = rule_table().classes, rule_table().compose
    characters: list[str] = []
    starter, before = -1, 0  # the index of the last starter; the class of the last character that stays
    for character in text:
        rank = classes.get(ord(character), 0)
        adjacent = starter == len(characters) - 1
        if starter >= 0 and (adjacent or 0 < before < rank):
            pair = (characters[starter], character)
            composite = compose.get(pair) or hangul_syllable(*pair)
            if composite:
                characters[starter] = composite
                continue
        characters.append(character)
        before = rank
        if not rank:
            starter = len(characters) - 1
    return "".join(characters)
