"""Decides which words of photographs become labels, and which stay tags."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfrecords_tools.manifest.folder_names import says_nothing
from tfrecords_tools.manifest.found_photographs import FoundPhotograph, LabelOrigin
from tfrecords_tools.manifest.label_merging import LabelMerging
from tfrecords_tools.manifest.rows import Row
from tfrecords_tools.tag_rule.rule import normalize_tag

LEAST_PHOTOGRAPHS: Mapping[LabelOrigin, int] = {"metadata": 10, "folders": 1}
"""How many photographs a word must have to become a label where no list of labels is given. Ours: people sort
into folders on purpose, but most keywords are too rare to be learned."""


@dataclass(frozen=True)
class LabelRule:
    """Which words become labels.

    Attributes:
        origin: whether the words are keywords or names of folders.
        listed: the list of all labels; None takes the words that `least` photographs have.
        least: the number of photographs; has no effect with a list.
        merging: words that become one label.
    """

    origin: LabelOrigin
    listed: Sequence[str] | None = None
    least: int = 1
    merging: LabelMerging = field(default_factory=LabelMerging)

    def labels(self, photographs: Sequence[FoundPhotograph]) -> dict[str, str]:
        """The words that become labels, and which."""
        words = Counter(word for photograph in photographs for word in photograph.words)
        becomes = self.merging.merged(words, self.listed or ())
        if self.listed is not None:
            spelling = {unicodedata.normalize("NFC", label): label for label in self.listed}
            normal = {word: unicodedata.normalize("NFC", label) for word, label in becomes.items()}
            return {word: spelling[label] for word, label in normal.items() if label in spelling}
        if self.origin == "folders":
            becomes = {word: label for word, label in becomes.items() if not says_nothing(word)}
        images = Counter(
            label
            for photograph in photographs
            for label in {becomes[word] for word in photograph.words if word in becomes}
        )
        return {word: label for word, label in becomes.items() if images[label] >= self.least}


@dataclass(frozen=True)
class FoundLabels:
    """The rows of a manifest, and the words that they come from.

    Attributes:
        rows: one a photograph.
        labels: the number of photographs by label, the most frequent first.
        others: the number of photographs by word that is no label, the most frequent first.
    """

    rows: tuple[Row, ...]
    labels: Mapping[str, int]
    others: Mapping[str, int]


def label_photographs(photographs: Sequence[FoundPhotograph], rule: LabelRule) -> FoundLabels:
    """Makes rows with labels and, of keywords, tags.

    No tag of a photograph is, by the rule of tags, one of its labels: a model would read the answer there.
    """
    becomes = rule.labels(photographs)
    rows = tuple(_row(photograph, becomes, rule.origin) for photograph in photographs)
    labels = Counter(label for row in rows for label in row.labels)
    words = Counter(word for photograph in photographs for word in photograph.words if word not in becomes)
    return FoundLabels(rows, _by_frequency(labels), _by_frequency(words))


def _row(photograph: FoundPhotograph, becomes: Mapping[str, str], origin: LabelOrigin) -> Row:
    labels = tuple(dict.fromkeys(becomes[word] for word in photograph.words if word in becomes))
    tags: tuple[str, ...] = ()
    if origin == "metadata":
        same = {*map(normalize_tag, labels)}
        others = (word for word in photograph.words if word not in becomes)
        tags = tuple(word for word in others if normalize_tag(word) not in same)
    return Row(photograph.path, labels, tags, (), photograph.split)


def _by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].casefold(), pair[0])))
