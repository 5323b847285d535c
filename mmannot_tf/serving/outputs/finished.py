"""Which photographs are done. No TensorFlow."""

import os
import sqlite3


class Finished:
    """A set of image paths in a temporary database that SQLite spills to the disk."""

    def __init__(self):
        """Empty."""
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE finished (image BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, image: str) -> bool:
        """Adds a path; whether it is a new one."""
        values = (os.fsencode(image),)
        return self._database.execute("INSERT OR IGNORE INTO finished VALUES (?)", values).rowcount == 1

    def close(self) -> None:
        """Frees the database."""
        self._database.close()
