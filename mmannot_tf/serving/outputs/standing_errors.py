"""The photographs that an output file holds with an error instead of labels."""

import os
import sqlite3


class StandingErrors:
    """The last error of each photograph, in a temporary database that SQLite moves to the disk if large."""

    def __init__(self) -> None:
        """Starts empty."""
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE errors (image BLOB PRIMARY KEY, error TEXT) WITHOUT ROWID")

    def set(self, image: str, error: str) -> None:
        """Replaces a photograph's error."""
        self._database.execute("INSERT OR REPLACE INTO errors VALUES (?, ?)", (os.fsencode(image), error))

    def get(self, image: str) -> str | None:
        """Returns a photograph's error; None if it has none."""
        rows = self._database.execute("SELECT error FROM errors WHERE image = ?", (os.fsencode(image),))
        row = rows.fetchone()
        return None if row is None else row[0]

    def remove(self, image: str) -> bool:
        """Removes a photograph's error; returns whether it had one."""
        values = (os.fsencode(image),)
        return self._database.execute("DELETE FROM errors WHERE image = ?", values).rowcount == 1

    def __len__(self) -> int:
        return self._database.execute("SELECT COUNT(*) FROM errors").fetchone()[0]

    def close(self) -> None:
        """Frees the database."""
        self._database.close()
