"""Matrices of images and labels in the files that other programs write: CSV, npy and npz."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import atomic_path

FORMATS = (".csv", ".npy", ".npz")


@dataclass(frozen=True, eq=False)
class Matrix:
    """A number for each image and label.

    Attributes:
        values: [N, C] float32.
        images: the images' names, [N]; None where the file has none.
        labels: the labels' names, [C]; None where the file has none.
    """

    values: np.ndarray
    images: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None

    def as_truth(self, path: Path) -> np.ndarray:
        """The values as bool.

        Raises:
            UserError: a value is neither 0 nor 1.
        """
        if not np.isin(self.values, (0, 1)).all():
            wrong = self.values[~np.isin(self.values, (0, 1))][0]
            raise UserError(f"labels must be 0 or 1. Received: {wrong:g} in {path}.")
        return self.values.astype(bool)


def read_matrix(path: Path) -> Matrix:
    """Reads a matrix: a row an image, a column a label.

    Args:
        path: a CSV file, whose first line may name the labels and whose first column may name the images; an
            npy file; or an npz file, as FILE:ARRAY where it holds several arrays.

    Raises:
        UserError: the file is missing or is no such file, or a value is not a finite number.
    """
    path, array = file_and_array(path)
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"a matrix must be a {', '.join(FORMATS)} file. Received: {path}.")
    try:
        matrix = _read_csv(path) if path.suffix.lower() == ".csv" else _read_arrays(path, array)
    except FileNotFoundError:
        raise UserError(f"a matrix must exist. Received: {path}, which does not exist.") from None
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise UserError(f"a matrix must be readable. Received: {path}: {one_line(error)}.") from None
    if not np.isfinite(matrix.values).all():
        raise UserError(f"the numbers of a matrix must be finite. Received: NaN or infinity in {path}.")
    if matrix.values.size == 0:
        raise UserError(f"a matrix must have a row and a column. Received: {path}, empty.")
    return matrix


def check_format(path: Path) -> None:
    """Checks that selected labels can be written into a file of this name.

    Raises:
        UserError: the file is of another kind.
    """
    if path.suffix.lower() not in (".csv", ".npy"):
        raise UserError(f"--out must be a .csv or .npy file. Received: {path}.")


def write_selected(
    path: Path, selected: np.ndarray, images: tuple[str, ...] | None, labels: tuple[str, ...] | None
) -> None:
    """Writes which labels each image gets, atomically.

    Args:
        path: a CSV file gets 0 and 1, with the names if there are any; an npy file gets bool.
        selected: [N, C] bool.
        images: their names, or None.
        labels: their names, or None.

    Raises:
        UserError: the file is of another kind.
    """
    check_format(path)
    with atomic_path(path) as staging:
        if path.suffix.lower() == ".npy":
            with staging.open("wb") as file:
                np.save(file, selected)
            return
        with staging.open("w", newline="", encoding="utf-8") as text:
            rows = csv.writer(text, lineterminator="\n")
            if labels is not None:
                rows.writerow([*(["image"] if images is not None else []), *labels])
            for place, row in enumerate(selected.astype(int).tolist()):
                rows.writerow([*([images[place]] if images is not None else []), *row])


def file_and_array(path: Path) -> tuple[Path, str | None]:
    """FILE and ARRAY of FILE:ARRAY; an npz file of such a name is that file."""
    file, mark, array = str(path).partition(".npz:")
    return (Path(f"{file}.npz"), array) if mark and not path.exists() else (path, None)


def _read_arrays(path: Path, name: str | None) -> Matrix:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        array = loaded
    else:
        with loaded:
            names = loaded.files
            if name is None and len(names) != 1:
                raise ValueError(f"it holds the arrays {', '.join(names)}; name one with FILE:ARRAY")
            if name not in (None, *names):
                raise ValueError(f"it holds the arrays {', '.join(names)}, and not {name}")
            array = loaded[name or names[0]]
    if array.dtype.kind not in "biuf":
        raise ValueError(f"numbers are needed, not {array.dtype}")
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise ValueError(f"two dimensions are needed, not {array.ndim}")
    with np.errstate(over="ignore"):
        return Matrix(array.astype(np.float32))


def _read_csv(path: Path) -> Matrix:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if not rows:
        return Matrix(np.zeros((0, 0), np.float32))
    _check_separator(rows[0])
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(f"its lines have {min(widths)} to {max(widths)} fields")
    first_cell = rows[0][0].strip().lower()
    is_head = first_cell in _NAMES_OF_IMAGES or not all(map(_is_number, rows[0][1:] or rows[0]))
    is_head |= len(rows[0]) > 2 and rows[0] == [
        str(place) for place in range(len(rows[0]))
    ]  # pandas' columns
    head = rows.pop(0) if is_head else None
    if not rows:
        return Matrix(np.zeros((0, 0), np.float32))
    named = not all(_is_number(row[0]) for row in rows)
    named |= head is not None and head[0].strip().lower() in _NAMES_OF_IMAGES
    names = tuple(row[0] for row in rows) if named else None
    first = 0 if names is None else 1
    values = np.array(
        [
            [_number(field, line, column) for column, field in enumerate(row[first:], first + 1)]
            for line, row in enumerate(rows, 1 if head is None else 2)
        ],
        np.float32,
    )
    return Matrix(values, names, None if head is None else tuple(head[first:]))


_NAMES_OF_IMAGES = ("", "image", "image_id", "imageid", "id", "name", "file", "file_name", "filename", "path")
"""Heads of a first column that names images, even if its names are numbers."""


def _check_separator(line: Sequence[str]) -> None:
    """Checks that a first line of one field does not hold several numbers or names."""
    separators = {";": "semicolons", "\t": "tabs", " ": "blanks"}
    text = line[0].strip()
    for mark, name in separators.items():
        parts = text.split(mark)
        if len(line) == 1 and len(parts) > 1 and (mark != " " or all(map(_is_number, text.split()))):
            raise ValueError(f"its fields are separated by {name}; write commas")


def _number(text: str, line: int, column: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number, in line {line}, column {column}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
