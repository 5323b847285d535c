"""A file with a line an image, which a second run goes on with. No TensorFlow."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.outputs.finished import Finished
from mmannot_tf.serving.photographs import Photograph
from tfrecords_tools.shell.errors import UserError


class Form(Protocol):
    """How a result is a line.

    Attributes:
        header: the file's first bytes.
        start: what each record begins with.
    """

    header: bytes
    start: bytes

    def line(self, result: Result, model: str) -> bytes:
        """A result as a record that ends with a line break; `model` says what annotated."""
        ...

    def records(self, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
        """The image and the model of each record; takes no more lines than the record has.

        Raises:
            ValueError: a record is none of ours.
        """
        ...


class LineFile:
    """Results as lines, appended and flushed a batch at a time.

    Unlike this project's other files it is not written aside: each record stands for itself, and after a kill
    at any moment the whole ones are kept and an unfinished last one is cut off. An image is never written
    twice; one that could not be read counts as done, too.

    Attributes:
        path: the file.
        earlier: how many images it held.
        cut: bytes of an unfinished record that were cut off.
    """

    def __init__(self, path: Path, form: Form, model: str):
        """Opens the file, or begins it.

        Raises:
            UserError: the file is none that this model began.
        """
        self.path, self._form, self._model = path, form, model
        self._finished, self.earlier, self.cut = Finished(), 0, 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("r+b" if path.exists() else "w+b")
        try:
            if self._size() < len(form.header):
                self._begin()
            else:
                self._go_on()
        except BaseException:
            self.close()
            raise

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph is neither in the file nor was asked for before."""
        return self._finished.add(str(photograph))

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Appends a batch."""
        self._file.write(b"".join(self._form.line(result, self._model) for result in results))
        self._file.flush()
        return list(results)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        self._finished.close()

    def _begin(self) -> None:
        found = self._file.read()
        if not self._form.header.startswith(found):
            raise self._something_else("another file")
        self._file.seek(0)
        self._file.write(self._form.header)
        self._file.flush()

    def _go_on(self) -> None:
        if self._file.read(len(self._form.header)) != self._form.header:
            raise self._something_else("another file")
        lines = _WholeLines(self._file)
        kept = self._file.tell()
        try:
            for image, model in self._form.records(iter(lines)):
                if model != self._model:
                    raise UserError(
                        f"--out must be from the same model. Received: {self.path}, in which {image} was "
                        f"annotated by {model or 'none'}; this model is {self._model}. Give another --out."
                    )
                self._finished.add(image)
                self.earlier, kept = self.earlier + 1, lines.end
        except ValueError as error:
            raise self._something_else(f"record {self.earlier + 1}: {error}") from None
        self._cut_off(kept)

    def _cut_off(self, kept: int) -> None:
        """Ends the file where its last whole record does."""
        self._file.seek(kept)
        rest = self._file.read(len(self._form.start))
        if not self._form.start.startswith(rest):
            raise self._something_else("another file")
        self.cut = self._size() - kept
        self._file.truncate(kept)
        self._file.seek(kept)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _something_else(self, what: str) -> UserError:
        return UserError(f"--out must be new, or from `mmannot annotate`. Received: {self.path}, {what}.")


class _WholeLines:
    """The lines of a file that end with a line break, as text.

    Attributes:
        end: the offset behind the last line given out.
    """

    def __init__(self, file: BinaryIO):
        self._file, self.end = file, file.tell()

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            if line.endswith(b"\n"):
                self.end += len(line)
                yield line.decode("utf-8", "surrogateescape")
