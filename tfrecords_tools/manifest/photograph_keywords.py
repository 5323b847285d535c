"""The keywords in photographs' own metadata as tags of a manifest's rows."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfrecords_tools.manifest.rows import Row
from tfrecords_tools.photographs.keywords import keyword_count, read_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.files import digest

SHOWN = 10
"""Photographs with damaged metadata that the notes name; the others are counted."""


@dataclass(frozen=True)
class KeywordRows:
    """Rows with the keywords of their photographs.

    Attributes:
        rows: the rows; each has its own tags first, then the photograph's keywords that are not among them.
        digest: of all keywords; records that were built with others are outdated.
        notes: how many photographs have keywords, and whose metadata is damaged.
    """

    rows: tuple[Row, ...]
    digest: str
    notes: tuple[str, ...]


def with_keywords(rows: Sequence[Row], raw: Path) -> KeywordRows:
    """Reads the keywords in the photographs below `raw` and in their sidecars."""
    finder = SidecarFinder()
    tagged, keywords, problems = [], [], []
    for row in rows:
        found = read_keywords(raw / (row.file or row.path), finder)
        words = tuple(map(sys.intern, found.words))
        tagged.append(replace(row, tags=tuple(dict.fromkeys((*row.tags, *words)))))
        keywords.append([row.path, *words])
        problems += [f"{row.path}: {'; '.join(found.problems)}"] if found.problems else []
    count = sum(len(words) > 1 for words in keywords)
    told = sum(not {*row.labels}.isdisjoint(words[1:]) for row, words in zip(rows, keywords, strict=True))
    notes = [keyword_count(count, len(rows))]
    if told:
        notes.append(
            f"{counted(told, 'photograph')} with a label that is a keyword, and so a tag, too: a model can "
            "read the answer there; leave --tags-from out if the labels come from the keywords"
        )
    notes += [f"damaged metadata: {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        notes.append(f"damaged metadata: {counted(len(problems) - SHOWN, 'more photograph')}")
    return KeywordRows(tuple(tagged), digest(keywords), tuple(notes))
