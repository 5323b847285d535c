"""Results as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from mmannot_tf.serving.annotation import Annotation, Result
from mmannot_tf.serving.outputs.record_file import StoredRecord
from tfrecords_tools.shell.cells import SEPARATOR, escaped, escaped_list, unescaped
from tfrecords_tools.shell.tables import MAX_CELL

COLUMNS = ("image", "tags", "predicted_quantity", "labels", "probabilities", "error", "model")


class CsvRows:
    """A `RecordFormat`: one row per image; labels, and their probabilities, are separated by "; ".

    Texts are escaped by the rules of `tfrecords_tools.shell.cells`, so the file is always UTF-8 and a
    spreadsheet finds no formulas in it. Files of before, without escapes, are read as well.
    """

    header = (",".join(COLUMNS) + "\n").encode()
    start = b""

    def line(self, result: Result, model: str) -> bytes:
        """Returns a result as a row."""
        if isinstance(result, Annotation):
            labels = escaped_list(label for label, _ in result.labels)
            scores = SEPARATOR.join(f"{score:.6f}" for _, score in result.labels)
            values = (f"{result.predicted_quantity:.6f}", labels, scores, "")
        else:
            values = ("", "", "", escaped(result.error))
        return _row((escaped(result.image), escaped(result.tags), *values, model))

    def records(self, lines: Iterator[str]) -> Iterator[StoredRecord]:
        """Yields the rows' records, except that of an incomplete last row."""
        csv.field_size_limit(MAX_CELL)
        # before names were escaped, a carriage return in one was written as it is
        rows = csv.reader((line.replace("\r", r"\x0d") for line in lines), strict=True)
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    return
                raise ValueError(str(error)) from None
            if row is None:
                return
            if len(row) != len(COLUMNS):
                raise ValueError(f"{len(row)} columns instead of {len(COLUMNS)}")
            fields = dict(zip(COLUMNS, row, strict=True))
            yield StoredRecord(
                unescaped(fields["image"]),
                fields["model"],
                unescaped(fields["error"]),
                unescaped(fields["tags"]),
            )


def _row(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode("utf-8", "backslashreplace")
