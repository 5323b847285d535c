"""Finds leakage: the same photograph in several splits, so that a test image was also trained on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tfrecords_tools.building.placeholders import identical_groups
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.reading.example import vector_digest

Leakage = Literal["keep-all", "keep-train", "keep-test"]
"""What a build does with a photograph that several splits hold."""

_ORDER: Mapping[Leakage, tuple[str, ...]] = {
    "keep-train": ("train", "validation", "test"),
    "keep-test": ("test", "validation", "train"),
}
"""The split that keeps a photograph is the first of these that holds it."""


@dataclass(frozen=True)
class Leak:
    """One photograph in several splits.

    Attributes:
        ids: the ids of its examples by split.
    """

    ids: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        return ", ".join(f"{name} ({split})" for split, names in self.ids.items() for name in names)

    def as_json(self) -> dict[str, list[str]]:
        """The ids by split, as JSON."""
        return {split: list(names) for split, names in self.ids.items()}


@dataclass(frozen=True)
class Copies:
    """The files of a source that have the same bytes.

    Attributes:
        placeholders: the number of identical files, by the path of a file that is a placeholder.
        leaks: other photographs in several splits; only those that the rules keep.
        dropped: the ids of examples that a build leaves out, as another split keeps their photograph.
    """

    placeholders: Mapping[str, int] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    dropped: frozenset[str] = frozenset()


def find_copies(source: RecordSource) -> Copies:
    """Compares the files of `source`, or its vectors, not images in memory. Reads few files whole."""
    rules = source.rules
    examples: defaultdict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for split, candidates in source.splits.items():
        for example in candidates.examples():
            if example.vector is None and not isinstance(example.image, Path):
                break  # all images of a source are files, or none is
            kept = rules.drop_reason(example.labels, example.tags) is None
            name = str(example.image) if example.vector is None else vector_digest(example.vector)
            examples[name].append((split, example.id, kept))
    names = [name for name, entries in examples.items() for _ in entries]
    alike = _alone(examples) if source.vectors else identical_groups(map(Path, names), copies=2)
    placeholders: dict[str, int] = {}
    leaks: list[Leak] = []
    for group in alike:
        if not source.vectors and rules.placeholder_copies and len(group) >= rules.placeholder_copies:
            placeholders.update(dict.fromkeys(group, len(group)))
            continue
        entries = [entry for name in dict.fromkeys(group) for entry in examples[name]]
        leaks += leaks_of((split, identifier) for split, identifier, kept in entries if kept)
    return Copies(placeholders, tuple(leaks), _dropped(leaks, rules.leakage))


def _alone(examples: Mapping[str, list[tuple[str, str, bool]]]) -> list[list[str]]:
    """Each digest that several vectors have, as a group of its own."""
    return [[name] for name, entries in examples.items() if len(entries) > 1]


def leaks_of(entries: Iterable[tuple[str, str]]) -> list[Leak]:
    """The leak of one photograph, from its examples as pairs of split and id; empty if it is in one split."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for split, identifier in entries:
        ids[split].append(identifier)
    return [Leak({split: tuple(names) for split, names in ids.items()})] if len(ids) > 1 else []


def _dropped(leaks: Iterable[Leak], leakage: Leakage) -> frozenset[str]:
    order = _ORDER.get(leakage)
    if order is None:
        return frozenset()
    dropped: set[str] = set()
    for leak in leaks:
        kept = min(leak.ids, key=lambda split: order.index(split) if split in order else len(order))
        dropped.update(name for split, names in leak.ids.items() if split != kept for name in names)
    return frozenset(dropped)
