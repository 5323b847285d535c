"""Lists of photographs: paths or addresses, a line each, or a CSV with tags."""

import csv
import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.inputs.remote_photographs import RemotePhotograph
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tables import Columns, Table, no_text, open_text

WHAT = "--from-list"
COLUMNS = Columns(known=("image", "tags"), required=("image",))
STDIN = "-"


class PhotographList:
    """A file that names photographs.

    A CSV has a header with the column `image` (also called path, file or filename) and may have `tags`.
    Any other file has a path or an address in each line. Relative paths start at the current folder.
    """

    def __init__(self, file: str):
        """Opens a list; "-" is the standard input, which is read to its end first.

        Raises:
            UserError: the file is missing, or is no text.
        """
        self._opened = ExitStack()
        self._file = self._stdin() if file == STDIN else Path(file)
        self._table = self._as_table()

    def __iter__(self) -> Iterator[Photograph]:
        """Yields the photographs in the list's order.

        Raises:
            UserError: the file is no text in a known encoding, or a row has a cell too many or too few.
        """
        if self._table is None:
            return map(_photograph, self._lines())
        return self._rows(self._table)

    def close(self) -> None:
        """Frees the copy of the standard input."""
        self._opened.close()

    def _stdin(self) -> Path:
        """A copy of the standard input."""
        folder = self._opened.enter_context(tempfile.TemporaryDirectory(prefix="mmannot-list-"))
        file = Path(folder) / "stdin"
        with file.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        return file

    def _as_table(self) -> Table | None:
        """The file as a CSV, if its first line names the column."""
        try:
            with open_text(self._file, WHAT) as text:
                first = next(csv.reader(itertools.islice(text, 1)), [])
        except (UnicodeDecodeError, csv.Error):
            first = []
        cells = [cell.strip() for part in first for cell in part.replace("\t", ";").split(";")]
        if not any(COLUMNS.meaning(cell) == "image" for cell in cells):
            return None
        return Table(self._file, what=WHAT, columns=COLUMNS)

    def _lines(self) -> Iterator[str]:
        try:
            with open_text(self._file, WHAT) as text:
                for line in text:
                    if name := line.rstrip("\r\n"):
                        yield name
        except UnicodeDecodeError as error:
            raise no_text(self._file, WHAT, error.reason) from None

    def _rows(self, table: Table) -> Iterator[Photograph]:
        for row in table.rows():
            if row.problem:
                raise UserError(
                    f"{WHAT} must have a cell per column in every row. Received: "
                    f"{table.path}:{row.number}: {row.problem}. Repair the row."
                )
            yield _photograph(row.cells["image"], row.cells.get("tags"))


def _photograph(name: str, tags: str | None = None) -> Photograph:
    if is_address(name):
        return RemotePhotograph(name, name, tags)
    return PhotographFile(Path(name), name, tags)
