"""The tags that come with photographs, from a CSV file of any length. No TensorFlow."""

import csv
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmannot_tf.serving.photographs import Photograph
from tfrecords_tools.shell.errors import UserError


class TagsFile:
    """Tags by image, held in a temporary database that SQLite spills to the disk.

    An image is named by its path as annotations name it, or by its path below the folder it is found in; the
    first is looked up first. Of several rows of one image the last counts.
    """

    def __init__(self, file: Path, *, otherwise: str = ""):
        """Reads the columns `image` and `tags`; images that the file does not name have the tags `otherwise`.

        Raises:
            UserError: no such file, a column is missing, or it is no UTF-8 CSV.
        """
        self._database, self._otherwise = sqlite3.connect(""), otherwise
        self._database.execute("CREATE TABLE tags (image BLOB PRIMARY KEY, tags TEXT) WITHOUT ROWID")
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                self._database.executemany("INSERT OR REPLACE INTO tags VALUES (?, ?)", _rows(file, lines))
        except FileNotFoundError:
            raise UserError(f"--tags-file must exist. Received: {file}, which does not.") from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"--tags-file must be CSV in UTF-8. Received: {file} ({error}).") from None

    def get(self, photograph: Photograph) -> str:
        """The comma-separated tags of a photograph."""
        for name in (str(photograph), photograph.relative):
            row = self._database.execute("SELECT tags FROM tags WHERE image = ?", (os.fsencode(name),))
            if (found := row.fetchone()) is not None:
                return found[0]
        return self._otherwise

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
