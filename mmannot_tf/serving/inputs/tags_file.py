"""The tags of photographs, from a CSV file of any length."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from mmannot_tf.serving.inputs.photograph import Photograph
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed
from tfrecords_tools.shell.paths import matching_form
from tfrecords_tools.shell.tables import Columns, Table, TableRow

COLUMNS = Columns(known=("image", "tags"), required=("image", "tags"))
MAX_NAMED = 10
"""The number of rows that a report names; the rest is counted."""


class TagsFileDocument(TypedDict):
    """A report as JSON values."""

    rows: int
    unmatched: int
    unmatched_images: list[str]
    repeated: int
    ambiguous: int
    ambiguous_images: list[str]


@dataclass(frozen=True)
class TagsFileReport:
    """How the rows of a file matched photographs.

    Attributes:
        file: the file's name.
        rows: the number of rows.
        unmatched: the number of images in rows that no photograph matched.
        unmatched_images: the first `MAX_NAMED` of these.
        repeated: the number of rows whose image a later row names again.
        ambiguous: the number of images in rows that several photographs matched.
        ambiguous_images: the first `MAX_NAMED` of these.
        notes: how the file is read where that is not plain CSV, a sentence each.
    """

    file: str
    rows: int
    unmatched: int
    unmatched_images: list[str]
    repeated: int
    ambiguous: int
    ambiguous_images: list[str]
    notes: tuple[str, ...] = ()

    def document(self) -> TagsFileDocument:
        """The report as JSON values."""
        return {
            "rows": self.rows,
            "unmatched": self.unmatched,
            "unmatched_images": self.unmatched_images,
            "repeated": self.repeated,
            "ambiguous": self.ambiguous,
            "ambiguous_images": self.ambiguous_images,
        }

    def lines(self) -> Iterator[str]:
        """A line for each thing that a user should know; none if every row matched one photograph."""
        yield from self.notes
        if self.unmatched:
            of_all = f"of {counted(self.rows, 'row')}"
            rows = counted(self.unmatched, f"{of_all} matches", f"{of_all} match")
            named = listed(self.unmatched_images, MAX_NAMED, count=self.unmatched)
            yield f"{self.file}: {rows} no photograph: {named}"
        if self.repeated:
            rows = counted(self.repeated, "row names", "rows name")
            yield f"{self.file}: {rows} an image that a later row names, which counts"
        if self.ambiguous:
            named = listed(self.ambiguous_images, MAX_NAMED, count=self.ambiguous)
            rows = counted(self.ambiguous, "row matches", "rows match")
            yield f"{self.file}: {rows} several photographs each: {named}"


class TagsFile:
    r"""Tags by image, in a temporary database that SQLite moves to the disk when it grows.

    A row names an image by its path as in the annotations, by its absolute path, or else by its path relative
    to the named folder. Names match by the rule of `tfrecords_tools.shell.paths`: `\` counts as `/`, a
    leading `./` is dropped, composed and decomposed letters are equal. If several rows name one image, the
    last counts.
    """

    def __init__(self, file: Path, *, default: str = ""):
        """Reads the columns `image` and `tags`; images that the file does not name get the tags `default`.

        Raises:
            UserError: the file does not exist, lacks a column, is no text in a known encoding, or has a row
                with a cell too many or too few.
        """
        self._name, self._default, self._rows = file.name, default, 0
        table = Table(file, what="--tags-file", columns=COLUMNS)
        self._notes = table.notes
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE tags (name BLOB PRIMARY KEY, image BLOB, tags TEXT, line INT, matched BLOB,"
            " ambiguous INT) WITHOUT ROWID"
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, NULL, 0)", self._entries(table)
        )

    def get(self, photograph: Photograph) -> str:
        """Returns the tags of a photograph as one text."""
        names = (str(photograph), photograph.absolute, photograph.relative)
        for name in dict.fromkeys(map(image_key, names)):
            row = self._database.execute("SELECT tags, matched FROM tags WHERE name = ?", (name,)).fetchone()
            if row is not None:
                self._mark(name, photograph, row[1])
                return row[0]
        return self._default

    def report(self) -> TagsFileReport:
        """How the rows matched the photographs that `get` was called with."""
        (images,) = self._database.execute("SELECT count(*) FROM tags").fetchone()
        unmatched, unmatched_images = self._images("matched IS NULL")
        ambiguous, ambiguous_images = self._images("ambiguous")
        return TagsFileReport(
            self._name,
            self._rows,
            unmatched,
            unmatched_images,
            self._rows - images,
            ambiguous,
            ambiguous_images,
            self._notes,
        )

    def close(self) -> None:
        """Frees the database."""
        self._database.close()

    def _entries(self, table: Table) -> Iterator[tuple[bytes, bytes, str, int]]:
        for row in tag_rows(table):
            self._rows += 1
            image = row.cells["image"]
            yield image_key(image), os.fsencode(image), row.cells["tags"], row.number

    def _mark(self, name: bytes, photograph: Photograph, matched: bytes | None) -> None:
        """Keeps which photograph a row matched, and whether there are several."""
        path = os.fsencode(photograph.absolute)
        if matched is None:
            self._database.execute("UPDATE tags SET matched = ? WHERE name = ?", (path, name))
        elif matched != path:
            self._database.execute("UPDATE tags SET ambiguous = 1 WHERE name = ?", (name,))

    def _images(self, condition: str) -> tuple[int, list[str]]:
        """The number of rows with a condition, and the first images of them in the file's order."""
        (count,) = self._database.execute(f"SELECT count(*) FROM tags WHERE {condition}").fetchone()
        rows = self._database.execute(
            f"SELECT image FROM tags WHERE {condition} ORDER BY line LIMIT {MAX_NAMED}"
        )
        return count, [os.fsdecode(image) for (image,) in rows]


def tag_rows(table: Table) -> Iterator[TableRow]:
    """The rows of a file with tags.

    Raises:
        UserError: a row has a cell too many or too few.
    """
    for row in table.rows():
        if row.problem:
            raise UserError(
                "--tags-file must have a cell per column in every row. Received: "
                f"{table.path}:{row.number}: {row.problem}. Repair the row."
            )
        yield row


def image_key(name: str) -> bytes:
    """The form in which names of images are compared, as bytes."""
    return os.fsencode(matching_form(name))
