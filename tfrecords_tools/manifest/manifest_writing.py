"""Writes rows as a manifest that `read_rows` reads, and that people read and correct."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tfrecords_tools.manifest.lines import check_suffix
from tfrecords_tools.manifest.rows import Row
from tfrecords_tools.shell.cells import begins_formula
from tfrecords_tools.shell.files import atomic_path

COLUMNS = ("path", "labels", "tags", "split")


def write_rows(path: Path, rows: Iterable[Row], separator: str) -> None:
    """Writes a manifest atomically; its suffix, decides between CSV and JSON lines.

    CSV with other characters than ASCII begins with a byte-order mark, by which spreadsheets know UTF-8. No
    cell begins like a formula: a path gets `./` before it and a list a separator, which readers drop.

    Args:
        path: the file.
        rows: their groups are not written.
        separator: of the entries of a CSV cell.
    """
    is_csv = check_suffix(path) == "CSV"
    text = _csv(path, rows, separator) if is_csv else _json_lines(rows)
    with atomic_path(path) as staging:
        staging.write_text(text, "utf-8-sig" if is_csv and not text.isascii() else "utf-8", newline="")


def _csv(path: Path, rows: Iterable[Row], separator: str) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        name = f"./{row.path}" if begins_formula(row.path) else row.path
        lists = (_joined(words, separator) for words in (row.labels, row.tags))
        writer.writerow([name, *lists, row.split or ""])
    return file.getvalue()


def _joined(words: Sequence[str], separator: str) -> str:
    cell = separator.join(words)
    return separator + cell if begins_formula(cell) else cell


def _json_lines(rows: Iterable[Row]) -> str:
    documents = (
        {
            "path": row.path,
            "labels": row.labels,
            "tags": row.tags,
            **({"split": row.split} if row.split else {}),
        }
        for row in rows
    )
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
