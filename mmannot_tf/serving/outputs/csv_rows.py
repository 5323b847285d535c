"""Results as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from mmannot_tf.serving.annotation import Annotation, Result

COLUMNS = ("image", "tags", "predicted_quantity", "labels", "probabilities", "error", "model")


class CsvRows:
    """A `RecordFormat`: one row per image; labels, and their probabilities, are separated by "; "."""

    header = (",".join(COLUMNS) + "\n").encode()
    start = b""

    def line(self, result: Result, model: str) -> bytes:
        """Returns a result as a row."""
        if isinstance(result, Annotation):
            labels = "; ".join(label for label, _ in result.labels)
            scores = "; ".join(f"{score:.6f}" for _, score in result.labels)
            values = (f"{result.predicted_quantity:.6f}", labels, scores, "")
        else:
            values = ("", "", "", result.error)
        return _row((result.image, result.tags, *values, model))

    def records(self, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
        """Yields the image and the model of each row, except an incomplete last row."""
        rows = csv.reader(lines, strict=True)
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
            yield row[0], row[-1]


def _row(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode("utf-8", "surrogateescape")
