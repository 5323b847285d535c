"""The keywords in photographs' own metadata as tags."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypedDict

from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.tag_source import TagSource
from tfrecords_tools.photographs.keywords import keyword_count, read_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.tag_rule.rule import join_tags

MAX_NAMED = 20
"""The number of photographs with damaged metadata that a report names; the others are counted."""


class MetadataDocument(TypedDict):
    """A report as JSON values."""

    photographs: int
    with_keywords: int
    damaged: int
    problems: list[str]


@dataclass
class MetadataReport:
    """How many photographs had keywords.

    Attributes:
        photographs: the number of photographs whose metadata was read.
        with_keywords: the number of those that had keywords.
        damaged: the number of those with metadata that could not be read, wholly or in part.
        problems: what was damaged in the first `MAX_NAMED` of these, a line each.
    """

    photographs: int
    with_keywords: int
    damaged: int
    problems: list[str]

    def document(self) -> MetadataDocument:
        """The report as JSON values."""
        return {
            "photographs": self.photographs,
            "with_keywords": self.with_keywords,
            "damaged": self.damaged,
            "problems": self.problems,
        }

    def lines(self) -> Iterator[str]:
        """The report as lines of text."""
        yield keyword_count(self.with_keywords, self.photographs)
        yield from (f"damaged metadata: {problem}" for problem in self.problems)
        if self.damaged > len(self.problems):
            yield f"damaged metadata: {counted(self.damaged - len(self.problems), 'more photograph')}"


class MetadataTags:
    """Adds the keywords in a photograph and its sidecars to the tags that it has otherwise.

    Attributes:
        report: on the photographs that `get` was called with.
    """

    def __init__(self, others: TagSource | str):
        """`others` are the tags that the keywords are added to: of each photograph, or of all."""
        self._others, self._finder = others, SidecarFinder()
        self.report = MetadataReport(0, 0, 0, [])

    def get(self, photograph: Photograph) -> str:
        """Returns a photograph's other tags and its keywords as one text.

        Raises:
            UserError: the photograph is no file of this machine, beside which sidecars could be.
        """
        if photograph.path is None:
            raise UserError(
                f"--tags-from metadata reads photographs of this machine. Received: {photograph}. Leave the "
                "option out, or copy the photographs first."
            )
        tags = self._others if isinstance(self._others, str) else self._others.get(photograph)
        found = read_keywords(photograph.path, self._finder)
        self.report.photographs += 1
        self.report.with_keywords += bool(found.words)
        if found.problems:
            self.report.damaged += 1
            if len(self.report.problems) < MAX_NAMED:
                self.report.problems.append(f"{photograph}: {'; '.join(found.problems)}")
        return ", ".join(text for text in (tags, *keyword_tags(found.words)) if text.strip())


def keyword_tags(keywords: Iterable[str]) -> Iterator[str]:
    """Yields keywords as tags, in which no character separates tags; a comma counts as a blank."""
    for keyword in keywords:
        if tag := join_tags([keyword]):
            yield tag
