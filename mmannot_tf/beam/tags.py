"""Joins photographs with the rows of a file of tags, by the names that rows give them."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from mmannot_tf.beam.matching import Found
from mmannot_tf.serving.inputs.tags_file import COLUMNS, MAX_NAMED, TagsFileReport, image_key, tag_rows
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.tables import Table

TALLIES = "tallies"
"""The second output of `_Match`: a `TagsTally` for each image that rows name."""


class Row(NamedTuple):
    """A row of the file: its line, the image as it is written there, and the tags."""

    line: int
    image: str
    tags: str


class Choice(NamedTuple):
    """Tags that a row gives a photograph, and how: the least one counts."""

    argument: int
    name: int
    tags: str


@dataclass
class TagsTally:
    """How rows matched photographs; the attributes are as of `TagsFileReport`, names with their lines."""

    rows: int = 0
    images: int = 0
    unmatched: int = 0
    unmatched_images: list[tuple[int, str]] = field(default_factory=list)
    ambiguous: int = 0
    ambiguous_images: list[tuple[int, str]] = field(default_factory=list)

    def __add__(self, other: "TagsTally") -> "TagsTally":
        return TagsTally(
            self.rows + other.rows,
            self.images + other.images,
            self.unmatched + other.unmatched,
            sorted(self.unmatched_images + other.unmatched_images)[:MAX_NAMED],
            self.ambiguous + other.ambiguous,
            sorted(self.ambiguous_images + other.ambiguous_images)[:MAX_NAMED],
        )

    def report(self, file: str, notes: tuple[str, ...] = ()) -> TagsFileReport:
        """The report that the local command writes."""
        return TagsFileReport(
            file,
            self.rows,
            self.unmatched,
            [image for _, image in self.unmatched_images],
            self.rows - self.images,
            self.ambiguous,
            [image for _, image in self.ambiguous_images],
            notes,
        )


class JoinTags(beam.PTransform[Any, Any]):
    """(path, `Found`), a path possibly several times, to (path, tags), each path once; and a `TagsTally`.

    A photograph has the names that `TagsFile` finds it by: as in the annotations, absolute, and below the
    argument. The first that a row has counts. Rows and photographs meet by a join on these names, so neither
    has to fit into a worker's memory. A row of which every photograph takes another row, by a name that goes
    first, counts as matched here.
    """

    def __init__(self, tags_file: str, default: str):
        """`default` are the tags of photographs that the file does not name."""
        super().__init__()
        self._tags_file, self._default = tags_file, default

    def expand(self, found: Any) -> Any:
        """Adds the join to a pipeline."""
        rows = found.pipeline | "Tags file" >> beam.Create([self._tags_file]) | "Rows" >> beam.FlatMap(_rows)
        names = found | "Names" >> beam.FlatMapTuple(_names)
        matched = (
            {"rows": rows, "names": names}
            | "Names with rows" >> beam.CoGroupByKey()
            | "Match" >> beam.ParDo(_Match()).with_outputs(TALLIES, main="choices")
        )
        tagged = (
            {"found": found, "choices": matched.choices}
            | "Photographs with tags" >> beam.CoGroupByKey()
            | "Choose" >> beam.MapTuple(_chosen, default=self._default)
        )
        return tagged, matched[TALLIES] | "Tally" >> beam.CombineGlobally(_sum)


def _sum(tallies: Iterable[TagsTally]) -> TagsTally:
    return reduce(TagsTally.__add__, tallies, TagsTally())


def _rows(tags_file: str) -> Iterator[tuple[bytes, Row]]:
    """Reads the file on one worker; one in object storage is copied to it first."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(tags_file)
        if is_address(tags_file):
            file = Path(folder) / tags_file.rpartition("/")[2]
            with FileSystems.open(tags_file) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target, 2**20)
        for row in tag_rows(Table(file, what="--tags-file", columns=COLUMNS)):
            image = row.cells["image"]
            yield image_key(image), Row(row.number, image, row.cells["tags"])


def _names(path: bytes, found: Found) -> Iterator[tuple[bytes, tuple[bytes, int, int]]]:
    name = os.fsdecode(path)
    absolute = name if is_address(name) else str(Path(name).absolute())
    keys = map(image_key, (name, absolute, os.fsdecode(found.relative)))
    for number, key in enumerate(dict.fromkeys(keys)):
        yield key, (path, found.argument, number)


class _Match(beam.DoFn):
    """Gives the photographs of one name the tags of its last row."""

    def process(self, element: tuple[bytes, Mapping[str, Iterable[Any]]]) -> Iterator[Any]:
        _, groups = element
        rows = sorted(groups["rows"])
        if not rows:
            return
        paths = set()
        for path, argument, number in groups["names"]:
            paths.add(path)
            yield path, Choice(argument, number, rows[-1].tags)
        named = [(rows[-1].line, rows[-1].image)]
        ambiguous = len(paths) > 1
        tally = TagsTally(
            len(rows), 1, not paths, named if not paths else [], ambiguous, named if ambiguous else []
        )
        yield beam.pvalue.TaggedOutput(TALLIES, tally)


def _chosen(path: bytes, groups: Mapping[str, Iterable[Any]], default: str = "") -> tuple[bytes, str]:
    first = min(found.argument for found in groups["found"])
    choices = [choice for choice in groups["choices"] if choice.argument == first]
    return path, min(choices).tags if choices else default
