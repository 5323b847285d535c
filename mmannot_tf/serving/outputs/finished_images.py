"""The photographs that are finished, and the tags that earlier runs gave them."""

import os
import sqlite3


class FinishedImages:
    """Image paths with tags, in a temporary database that SQLite moves to the disk when it grows."""

    def __init__(self) -> None:
        """Starts empty."""
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE finished (image BLOB PRIMARY KEY, tags TEXT) WITHOUT ROWID")

    def add(self, image: str, tags: str | None = None) -> bool:
        """Adds a path; returns whether it is new. `tags` are those of an earlier run."""
        values = (os.fsencode(image), tags)
        return self._database.execute("INSERT OR IGNORE INTO finished VALUES (?, ?)", values).rowcount == 1

    def earlier_tags(self, image: str) -> str | None:
        """The tags of an earlier run; None if the path was added without any, or not at all."""
        found = self._database.execute("SELECT tags FROM finished WHERE image = ?", (os.fsencode(image),))
        row = found.fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Frees the database."""
        self._database.close()
