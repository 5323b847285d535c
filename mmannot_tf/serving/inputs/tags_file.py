"""The tags of photographs, from a CSV file of any length."""

import csv
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmannot_tf.serving.inputs.photographs import Photograph
from tfrecords_tools.shell.errors import UserError


class TagsFile:
    """Tags by image, in a temporary database that SQLite moves to the disk when it grows.

    A row names an image by its path as in the annotations, or else by its path relative to the named folder.
    If several rows name one image, the last counts.
    """

    def __init__(self, file: Path, *, default: str = ""):
        """Reads the columns `image` and `tags`; images that the file does not name get the tags `default`.

        Raises:
            UserError: the file does not exist, lacks a column, or is not CSV in UTF-8.
        """
        self._database, self._default = sqlite3.connect(""), default
        self._database.execute("CREATE TABLE tags (image BLOB PRIMARY KEY, tags TEXT) WITHOUT ROWID")
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                self._database.executemany("INSERT OR REPLACE INTO tags VALUES (?, ?)", _rows(file, lines))
        except FileNotFoundError:
            raise UserError(f"--tags-file must exist. Received: {file}, which does not.") from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"--tags-file must be CSV in UTF-8. Received: {file} ({error}).") from None

    def get(self, photograph: Photograph) -> str:
        """Returns the comma-separated tags of a photograph."""
        for name in (str(photograph), photograph.relative):
            row = self._database.execute("SELECT tags FROM tags WHERE image = ?", (os.fsencode(name),))
            if (tags := row.fetchone()) is not None:
                return tags[0]
        return self._default

    def close(self) -> None:
        """Frees the database."""
        self._database.close()


def _rows(file: Path, lines: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    rows = csv.DictReader(lines)
    if not {"image", "tags"} <= set(rows.fieldnames or ()):
        raise UserError(
            f"--tags-file must have the columns image and tags. Received: {file}: {rows.fieldnames}."
        )
    for row in rows:
        yield os.fsencode(row["image"] or ""), row["tags"] or ""
