"""A file with one record per image, which a second run resumes."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.inputs.photographs import Photograph
from mmannot_tf.serving.outputs.finished_images import FinishedImages
from tfrecords_tools.shell.errors import UserError


class RecordFormat(Protocol):
    """How a result is written as a record.

    Attributes:
        header: the file's first bytes.
        start: the first bytes of each record.
    """

    header: bytes
    start: bytes

    def line(self, result: Result, model: str) -> bytes:
        """Returns a result as a record that ends with a line break; `model` identifies the model."""
        ...

    def records(self, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
        """Yields the image and the model of each record; reads no line beyond the record.

        Raises:
            ValueError: a record has another format.
        """
        ...


class RecordFile:
    """Results as records, appended and flushed batch by batch.

    Unlike this project's other files it is not written aside and renamed: each record is complete in itself.
    After a kill at any moment, complete records are kept and an incomplete last one is cut off. An image is
    never written twice; an unreadable image counts as finished, too.

    Attributes:
        path: the file.
        already_done: the number of images that it held when it was opened.
        truncated_bytes: the length of the incomplete record that was cut off.
    """

    def __init__(self, path: Path, record_format: RecordFormat, model: str):
        """Opens the file, or creates it.

        Raises:
            UserError: another model or something else wrote the file.
        """
        self.path, self._format, self._model = path, record_format, model
        self._finished, self.already_done, self.truncated_bytes = FinishedImages(), 0, 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("r+b" if path.exists() else "w+b")
        try:
            if self._size() < len(record_format.header):
                self._write_header()
            else:
                self._resume()
        except BaseException:
            self.close()
            raise

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph is neither in the file nor was passed to `wants` before."""
        return self._finished.add(str(photograph))

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Appends a batch."""
        self._file.write(b"".join(self._format.line(result, self._model) for result in results))
        self._file.flush()
        return list(results)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        self._finished.close()

    def _write_header(self) -> None:
        content = self._file.read()
        if not self._format.header.startswith(content):
            raise self._not_ours("another file")
        self._file.seek(0)
        self._file.write(self._format.header)
        self._file.flush()

    def _resume(self) -> None:
        if self._file.read(len(self._format.header)) != self._format.header:
            raise self._not_ours("another file")
        lines = _CompleteLines(self._file)
        end = self._file.tell()
        try:
            for image, model in self._format.records(iter(lines)):
                if model != self._model:
                    raise UserError(
                        f"--out must be from the same model. Received: {self.path}, in which {image} was "
                        f"annotated by {model or 'none'}; this model is {self._model}. Name another --out."
                    )
                self._finished.add(image)
                self.already_done, end = self.already_done + 1, lines.end
        except ValueError as error:
            raise self._not_ours(f"record {self.already_done + 1}: {error}") from None
        self._truncate(end)

    def _truncate(self, end: int) -> None:
        """Cuts the file off after its last complete record."""
        self._file.seek(end)
        rest = self._file.read(len(self._format.start))
        if not self._format.start.startswith(rest):
            raise self._not_ours("another file")
        self.truncated_bytes = self._size() - end
        self._file.truncate(end)
        self._file.seek(end)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _not_ours(self, reason: str) -> UserError:
        return UserError(f"--out must be new, or from `mmannot annotate`. Received: {self.path}, {reason}.")


class _CompleteLines:
    """The lines of a file that end with a line break, as text.

    Attributes:
        end: the offset after the last line yielded.
    """

    def __init__(self, file: BinaryIO):
        self._file, self.end = file, file.tell()

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            if line.endswith(b"\n"):
                self.end += len(line)
                yield line.decode("utf-8", "surrogateescape")
