"""Matrices of images and labels in the files that other programs write: CSV, npy and npz."""

import csv
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from mmannot_tf.decisions.csv_tables import Names, read_table
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import atomic_path

FORMATS = (".csv", ".npy", ".npz")
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, RuntimeError, MemoryError)
_DAMAGED = (zipfile.BadZipFile, zlib.error, csv.Error)


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


def read_matrix(path: Path, names: Names = "auto") -> Matrix:
    """Reads a matrix: a row an image, a column a label.

    Args:
        path: a CSV file, whose first line may name the labels and whose first column may name the images; an
            npy file; or an npz file, as FILE:ARRAY where it holds several arrays.
        names: what a CSV file names.

    Raises:
        UserError: the file is missing or is no such file, may be read in two ways, or a value is not a finite
            number.
    """
    path, array = file_and_array(path)
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"a matrix must be a {', '.join(FORMATS)} file. Received: {path}.")
    try:
        matrix = _read_csv(path, names) if path.suffix.lower() == ".csv" else _read_arrays(path, array)
    except FileNotFoundError:
        raise UserError(f"a matrix must exist. Received: {path}, which does not exist.") from None
    except (*_UNREADABLE, *_DAMAGED) as error:
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
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        array = loaded if isinstance(loaded, np.ndarray) else _array_of(loaded, name)
    if not isinstance(array, np.ndarray):
        raise ValueError("it holds something else than arrays")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"numbers are needed, not {array.dtype}")
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise ValueError(f"two dimensions are needed, not {array.ndim}")
    with np.errstate(over="ignore"):
        return Matrix(array.astype(np.float32))


def _array_of(archive: NpzFile, name: str | None) -> object:
    """The array of a name, or the only one."""
    with archive:
        names = archive.files
        if name is None and len(names) != 1:
            raise ValueError(f"it holds the arrays {', '.join(names)}; name one with FILE:ARRAY")
        if name not in (None, *names):
            raise ValueError(f"it holds the arrays {', '.join(names)}, and not {name}")
        return archive[name or names[0]]


def _read_csv(path: Path, names: Names) -> Matrix:
    table = read_table(path, names)
    with np.errstate(over="ignore"):
        values = np.array(table.values, np.float32)
    return Matrix(values if values.ndim == 2 else np.zeros((0, 0)), table.images, table.labels)
