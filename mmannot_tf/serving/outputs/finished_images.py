"""The photographs that are finished."""

import os
import sqlite3


class FinishedImages:
    """A set of image paths in a temporary database that SQLite moves to the disk when it grows."""

    def __init__(self) -> None:
        """Starts empty."""
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE finished (image BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, image: str) -> bool:
        """Adds a path; returns whether it is new."""
        values = (os.fsencode(image),)
        return self._database.execute("INSERT OR IGNORE INTO finished VALUES (?)", values).rowcount == 1

    def close(self) -> None:
        """Frees the database."""
        self._database.close()
