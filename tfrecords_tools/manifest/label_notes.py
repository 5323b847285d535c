"""Hints about labels that are probably mistakes: never learned, written in several ways, rare, misspelt."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tfrecords_tools.manifest.rows import Row
from tfrecords_tools.shell.listing import listed
from tfrecords_tools.tag_rule.rule import normalize_tag

SHOWN = 10
"""Most entries listed in a note; the rest is counted."""
SUSPICIOUS = re.compile(r"""["“”;|,\t]|^'|'$""")
"""Quotes, and characters that separate entries elsewhere."""
_DIGITS = re.compile(r"\d+")
SHORTEST = 4
"""Characters of the shortest label that counts as a possible misspelling."""
RATIO = 5
"""A possible misspelling has at most the frequent label's images divided by this."""


def notes_on_rows(labels: Iterable[str], rows: Iterable[Row], *, training: Iterable[Row]) -> Iterator[str]:
    """Hints about the labels of rows, a sentence each.

    Args:
        labels: all labels, in order.
        rows: all rows.
        training: those of the training split.
    """
    counts = Counter(label for row in rows for label in dict.fromkeys(row.labels))
    training_labels = {label for row in training for label in row.labels}
    yield from notes({label: counts[label] for label in labels}, training_labels=training_labels)


def notes(images: Mapping[str, int], *, training_labels: Iterable[str]) -> Iterator[str]:
    """Hints about the labels, a sentence each.

    Args:
        images: the number of images by label, all labels in order.
        training_labels: the labels of the training images.
    """
    used = set(training_labels)
    for labels, sentence in (
        ([label for label in images if label not in used], "no training image has {}"),
        ([label for label, count in images.items() if count == 1], "labels of one image only: {}"),
        ([label for label in images if SUSPICIOUS.search(label)], "labels with a quote or a separator: {}"),
    ):
        if labels:
            yield sentence.format(listed([*map(repr, labels)], SHOWN))
    for same in _spellings(images):
        named = listed([*map(repr, same)], SHOWN)
        yield f"labels differ in case, blanks, commas or Unicode form only: {named}"
    pairs = misspellings(images)
    if pairs:
        named = listed([f"{rare!r} of {frequent!r}" for rare, frequent in pairs], SHOWN)
        yield f"labels that may be misspellings: {named}"


def misspellings(images: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pairs of a rare label and a frequent one that is a letter more, less, other or moved away.

    Labels with different digits are no pair. Compares the labels with each of their letters left out, so the
    time grows with the number of labels, not with its square.

    Args:
        images: the number of images by label.
    """
    digits = {label: "".join(_DIGITS.findall(label)) for label in images}
    near: defaultdict[str, list[str]] = defaultdict(list)
    for label, count in images.items():
        for shorter in _shortened(label) if count >= RATIO else ():
            near[shorter].append(label)
    pairs: dict[str, str] = {}
    for rare, count in images.items():
        others = {other for shorter in _shortened(rare) for other in near.get(shorter, ())}
        likely = [
            other
            for other in others
            if images[other] >= RATIO * count > 0
            and digits[rare] == digits[other]
            and normalize_tag(rare) != normalize_tag(other)
        ]
        if likely:
            pairs[rare] = min(likely, key=lambda other: (-images[other], other))
    return list(pairs.items())


def _shortened(label: str) -> set[str]:
    text = label.casefold()
    if len(text) < SHORTEST:
        return set()
    return {text, *(text[:index] + text[index + 1 :] for index in range(len(text)))}


def _spellings(labels: Iterable[str]) -> list[list[str]]:
    """The groups of labels that are equal by the rule of tags."""
    same: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        same[normalize_tag(label)].append(label)
    return [group for form, group in same.items() if form and len(group) > 1]
