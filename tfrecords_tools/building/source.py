"""`RecordSource`, the value by which every raw data set is passed to a build or a check."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.published import PublishedCounts
from tfrecords_tools.reading.vectors import VectorFacts
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


def check_raw_folder(raw: Path) -> None:
    """Checks that the folder of raw data is there.

    Raises:
        UserError: it is missing, or no folder.
    """
    if not raw.is_dir():
        raise UserError(f"raw folder must exist. Received: {raw}, which is no folder. Pass --raw.")


@dataclass(frozen=True)
class Split:
    """One split of a source.

    Attributes:
        candidates: number of examples before any is dropped.
        examples: returns a new iterator over the examples.
    """

    candidates: int
    examples: Callable[[], Iterator[Example]]


@dataclass(frozen=True)
class AnnotationDefect:
    """A defect of a raw annotation file that affects one entry only.

    Attributes:
        file: the file's path below the raw folder.
        row: its line, or its position in a JSON list, counted from 1.
        problem: the defect, and how a repair treats it.
    """

    file: str
    row: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.problem}"


def _no_row(identifier: str) -> str:
    """The place of an example in an annotation file where it is not known."""
    return ""


@dataclass(frozen=True)
class RecordSource:
    """A raw data set with parsed annotations; its images are not read yet.

    Attributes:
        name: "synthetic", "mscoco", "nus_wide", "mirflickr", "manifest", "features".
        config: the variant of the data set, and the name of the folder for its records.
        labels: all label names; a label's index is its id.
        settings: JSON values that decide the content, including digests of the raw annotation files.
        splits: splits by name.
        rules: decide which examples are kept.
        citation: the origin of the data, in words.
        published: published counts of this variant.
        defects: defects of the annotation files; a build stops on them unless the rules repair them.
        repeated: ids of photographs that occur in several examples, with the ids of these examples.
        notes: hints that are no errors, a sentence each, such as a label that no training image has.
        has_groups: whether the examples have group names beside tags.
        has_unknown: whether nothing is known of some labels of the examples.
        raw: the folder below which reports name the images' files; None names them without their folders.
        listed_folder: the folder whose photographs the annotations should list; None if they need not.
        vectors: of a source of vectors; None for images.
        row_of: the place of an example in an annotation file, from its id: "photos.csv:12"; empty if unknown.
    """

    name: str
    config: str
    labels: tuple[str, ...]
    settings: Mapping[str, Json]
    splits: Mapping[str, Split]
    rules: Rules = field(default_factory=Rules)
    citation: str = ""
    published: tuple[PublishedCounts, ...] = ()
    defects: tuple[AnnotationDefect, ...] = ()
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    has_groups: bool = False
    has_unknown: bool = False
    raw: Path | None = None
    listed_folder: Path | None = None
    vectors: VectorFacts | None = None
    row_of: Callable[[str], str] = field(default=_no_row)

    def file_of(self, example: Example) -> str:
        """The name of an example's file in reports: its path below `raw`, else its name."""
        image = example.image
        if self.raw is None or not isinstance(image, Path) or not image.is_relative_to(self.raw):
            return example.file
        return image.relative_to(self.raw).as_posix()

    @property
    def candidates(self) -> int:
        """The number of examples in all splits."""
        return sum(split.candidates for split in self.splits.values())
