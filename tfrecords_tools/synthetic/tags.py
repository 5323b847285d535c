"""Draws noisy user tags of a scene: synonyms of its labels, many of them missing or wrong."""

import numpy as np

SYNONYMS = {
    "night": ("night", "dark", "nocturne"),
    "sunset": ("sunset", "dusk", "goldenhour"),
    "sea": ("sea", "ocean", "waves", "beach"),
    "snow": ("snow", "winter", "white", "ski"),
    "house": ("house", "home", "architecture"),
    "tree": ("tree", "forest", "green", "nature"),
    "car": ("car", "auto", "road"),
    "sun": ("sun", "sunny", "sunshine"),
    "bird": ("bird", "wildlife", "flight"),
    "star": ("star", "astronomy", "sky"),
    "flower": ("flower", "garden", "bloom", "spring"),
    "fence": ("fence", "wood", "rail"),
    "net": ("net", "mesh", "wire"),
    "rain": ("rain", "storm", "wet"),
}
"""The words of users for each label; the label's name is one of them, as in NUS-WIDE."""

NOISE = (
    *("canon", "nikon", "50mm", "macro", "hdr", "bw", "digital", "square"),
    *("2007", "2008", "summer", "weekend", "holiday", "party", "travel"),
    *("europe", "london", "geotagged", "family", "friends", "me"),
    *("explore", "favorite", "random"),
)
"""Words that are unrelated to the picture."""

MISSING = 0.4
"""Probability that no tag names a label of the picture."""
WRONG_PER_RIGHT = 2 / 3
"""Mean number of wrong tags per right tag: 40 % of all tags."""
SECOND_SYNONYM = 0.3
"""Probability that two synonyms name a named label."""
SILENT = 0.02
"""Probability that a picture has no tag."""

_WORDS = tuple(word for words in SYNONYMS.values() for word in words)


def draw_tags(labels: tuple[str, ...], generator: np.random.Generator) -> tuple[str, ...]:
    """Draws tags for a scene with `labels`, in random order.

    One half of the wrong tags is noise, the other half are words of labels that the scene does not have.
    """
    if generator.random() < SILENT:
        return ()
    right = [word for label in labels for word in _named(label, generator)]
    expected = len(labels) * (1 - MISSING) * (1 + SECOND_SYNONYM)
    wrong = [_wrong(labels, generator) for _ in range(generator.poisson(expected * WRONG_PER_RIGHT))]
    tags = list(dict.fromkeys(right + wrong))
    return tuple(tags[index] for index in generator.permutation(len(tags)))


def _named(label: str, generator: np.random.Generator) -> list[str]:
    if generator.random() < MISSING:
        return []
    words = SYNONYMS[label]
    count = 2 if generator.random() < SECOND_SYNONYM else 1
    return [words[index] for index in generator.permutation(len(words))[:count]]


def _wrong(labels: tuple[str, ...], generator: np.random.Generator) -> str:
    if generator.random() < 0.5:
        return NOISE[generator.integers(len(NOISE))]
    absent = [word for word in _WORDS if not any(word in SYNONYMS[label] for label in labels)]
    return absent[generator.integers(len(absent))]
