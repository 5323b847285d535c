"""Reads files of vectors: .npz, .parquet and .tfrecord."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrecords_tools.shell.errors import UserError, one_line

if TYPE_CHECKING:
    import pyarrow.parquet as pq

IDS, VECTORS, LABELS, TAGS, SPLITS, LABEL_NAMES = "ids", "vectors", "labels", "tags", "splits", "label_names"
ID, VECTOR, SPLIT = "id", "vector", "split"
"""What a row of a Parquet file or TFRecord calls them; labels and tags are called alike."""
ROWS_AT_ONCE = 4096
"""Of a Parquet file."""


@dataclass(frozen=True)
class Described:
    """What a file says of a vector.

    Attributes:
        id: its id.
        labels: names, or one text of several.
        tags: likewise.
        split: "" where the file does not say it.
    """

    id: str
    labels: Sequence[str] | str
    tags: Sequence[str] | str
    split: str


class VectorFile(ABC):
    """A file of vectors, read in order as often as asked."""

    def __init__(self, path: Path):
        """`path` is the file."""
        self.path = path

    @abstractmethod
    def described(self) -> Iterator[Described]:
        """What is said of each vector."""

    @abstractmethod
    def vectors(self) -> Iterator[np.ndarray]:
        """The vectors, float32 [D] each, in the same order."""

    def _refused(self, what: str) -> UserError:
        return UserError(
            f"a file of vectors must have {what}. Received: {self.path}. See features/README.md."
        )


class NumpyFile(VectorFile):
    """An .npz file: `ids`, `vectors` [N, D], `labels`, and if wanted `tags`, `splits`, `label_names`."""

    def __init__(self, path: Path):
        """Opens the file and compares the arrays' lengths; reads no vector."""
        super().__init__(path)
        try:
            with np.load(path) as file:
                self._arrays = {name: file[name] for name in file.files if name != VECTORS}
                present = VECTORS in file.files
        except (OSError, ValueError, EOFError) as error:
            raise UserError(
                f"a file of vectors must be readable, without pickled objects. Received: {path} "
                f"({one_line(error)})."
            ) from None
        if not present or not {IDS, LABELS} <= self._arrays.keys():
            raise self._refused(f"the arrays {IDS}, {VECTORS} and {LABELS}")
        lengths = {name: len(values) for name, values in self._arrays.items() if name != LABEL_NAMES}
        if len({*lengths.values()}) > 1:
            raise self._refused(f"as many rows in each array (it has {lengths})")
        if self._is_multi_hot and self._arrays[LABELS].shape[1] != len(self._arrays.get(LABEL_NAMES, ())):
            raise self._refused(f"{LABEL_NAMES} for each column of {LABELS}")

    @property
    def _is_multi_hot(self) -> bool:
        return self._arrays[LABELS].ndim == 2

    def described(self) -> Iterator[Described]:  # noqa: D102
        arrays = self._arrays
        names = arrays.get(LABEL_NAMES)
        blank = np.full(len(arrays[IDS]), "")
        columns = (arrays[IDS], arrays[LABELS], arrays.get(TAGS, blank), arrays.get(SPLITS, blank))
        for identifier, labels, tags, split in zip(*columns, strict=True):
            given = str(labels) if names is None else [str(name) for name in names[np.flatnonzero(labels)]]
            yield Described(str(identifier), given, str(tags), str(split))

    def vectors(self) -> Iterator[np.ndarray]:  # noqa: D102
        yield from (np.asarray(row, np.float32) for row in self._vectors)

    @functools.cached_property
    def _vectors(self) -> np.ndarray:
        """All vectors, [N, D]; a build goes through them several times."""
        with np.load(self.path) as file:
            values: np.ndarray = file[VECTORS]
        if values.ndim != 2 or len(values) != len(self._arrays[IDS]):
            raise self._refused(
                f"{VECTORS} with a row for each of {IDS} (they have the shape {values.shape})"
            )
        return values


class ParquetFile(VectorFile):
    """A Parquet file with the columns `id`, `vector`, `labels`, and if wanted `tags` and `split`."""

    def __init__(self, path: Path):
        """Opens the file and looks at its columns."""
        super().__init__(path)
        self._columns = [field.name for field in self._open().schema_arrow]
        if not {ID, VECTOR, LABELS} <= {*self._columns}:
            raise self._refused(f"the columns {ID}, {VECTOR} and {LABELS}")

    def _open(self) -> pq.ParquetFile:
        try:
            import pyarrow.parquet as pq

            return pq.ParquetFile(self.path)
        except ImportError:
            raise UserError(
                f"a Parquet file needs pyarrow. Received: {self.path}. Run `pip install pyarrow`."
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(
                f"a file of vectors must be readable. Received: {self.path} ({one_line(error)})."
            ) from None

    def _rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        wanted = [name for name in columns if name in self._columns]
        for batch in self._open().iter_batches(ROWS_AT_ONCE, columns=wanted):
            yield from batch.to_pylist()

    def described(self) -> Iterator[Described]:  # noqa: D102
        for row in self._rows([ID, LABELS, TAGS, SPLIT]):
            yield Described(str(row[ID]), row[LABELS] or "", row.get(TAGS) or "", str(row.get(SPLIT) or ""))

    def vectors(self) -> Iterator[np.ndarray]:  # noqa: D102
        yield from (np.asarray(row[VECTOR], np.float32) for row in self._rows([VECTOR]))


class TFRecordFile(VectorFile):
    """A TFRecord file of `tf.train.Example` with the features `id`, `vector`, `labels`, `tags`, `split`."""

    def _examples(self) -> Iterator[Mapping[str, Any]]:
        import tensorflow as tf

        try:
            for serialized in tf.data.TFRecordDataset(str(self.path)).as_numpy_iterator():
                yield tf.train.Example.FromString(serialized).features.feature
        except (tf.errors.OpError, ValueError) as error:
            raise UserError(
                f"a file of vectors must be whole. Received: {self.path} ({one_line(error)})."
            ) from None

    def described(self) -> Iterator[Described]:  # noqa: D102
        for example in self._examples():
            if ID not in example or VECTOR not in example:
                raise self._refused(f"the features {ID}, {VECTOR} and {LABELS} in each example")
            words = {
                name: [word.decode() for word in example[name].bytes_list.value]
                for name in (ID, LABELS, TAGS, SPLIT)
                if name in example
            }
            yield Described(
                words[ID][0], words.get(LABELS, ()), words.get(TAGS, ()), "".join(words.get(SPLIT, ()))
            )

    def vectors(self) -> Iterator[np.ndarray]:  # noqa: D102
        for example in self._examples():
            yield np.asarray(example[VECTOR].float_list.value, np.float32)


KINDS: Mapping[str, type[VectorFile]] = {
    ".npz": NumpyFile,
    ".parquet": ParquetFile,
    ".tfrecord": TFRecordFile,
}


def open_vectors(path: Path) -> VectorFile:
    """Opens a file of vectors.

    Raises:
        UserError: it is missing, of another kind, or lacks what it must have.
    """
    if path.suffix not in KINDS:
        raise UserError(f"--arrays must be a {', '.join(KINDS)} file. Received: {path}.")
    if not path.is_file():
        raise UserError(f"--arrays must be a file. Received: {path}, which does not exist.")
    return KINDS[path.suffix](path)
