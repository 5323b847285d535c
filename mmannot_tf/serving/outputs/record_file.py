"""A file with one record per image, which a second run resumes."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from mmannot_tf.serving.annotation import Result, Unreadable
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.outputs.finished_images import FinishedImages
from mmannot_tf.serving.outputs.output import EarlierAnnotation
from mmannot_tf.serving.outputs.standing_errors import StandingErrors
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path, clear_leftovers, errors_named
from tfrecords_tools.shell.lock import lock_file


class StoredRecord(NamedTuple):
    """What resuming needs of a record: its image and tags, the model, and the error; "" if it has labels."""

    image: str
    model: str
    error: str
    tags: str


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

    def records(self, lines: Iterator[str]) -> Iterator[StoredRecord]:
        """Yields the records in order; reads no line beyond the record.

        Raises:
            ValueError: a record has another format.
        """
        ...


class RecordFile:
    """Results as records, appended and flushed batch by batch.

    Unlike this project's other files it is not written aside and renamed: each record is complete in itself.
    After a kill at any moment, complete records are kept and an incomplete last one is cut off. An annotated
    image is never written twice. An image with an error is tried again; its new record replaces the error
    when the file is closed.

    Attributes:
        path: the file.
        already_done: the number of annotated images that it held when it was opened.
        earlier_errors: the number of images with an error from an earlier run that this run did not try.
        truncated_bytes: the length of the incomplete record that was cut off.
    """

    def __init__(self, path: Path, record_format: RecordFormat, model: str, *, retry_errors: bool = True):
        """Opens the file, or creates it.

        Args:
            path: the file.
            record_format: of its records.
            model: identifies the model.
            retry_errors: whether images with an error are wanted again.

        Raises:
            UserError: another model or something else wrote the file, or another process is writing it.
        """
        self.path, self._format, self._model = path, record_format, model
        self._retry_errors = retry_errors
        self._finished, self._errors = FinishedImages(), StandingErrors()
        self.already_done, self.earlier_errors, self.truncated_bytes = 0, 0, 0
        self._has_replaced_errors = False
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise UserError(f"--out must be a regular file. Received: {path}. Name another --out.")
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        self._written = os.fstat(self._file.fileno()).st_mtime
        try:
            lock_file(self._file, path, command="annotate", option="--out")
            clear_leftovers(path.resolve())
            if self._size() < len(record_format.header):
                self._write_header()
            else:
                self._resume()
        except BaseException:
            self.close()
            raise

    def wants(self, photograph: Photograph) -> bool:
        """Whether the file has no labels of a photograph, and it was not passed to `wants` before."""
        failed = self._errors.get(str(photograph)) is not None
        if failed and not self._retry_errors:
            return False
        wanted = self._finished.add(str(photograph))
        self.earlier_errors -= wanted and failed
        return wanted

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """The tags of a photograph that the file had labels of, and when the file was written last."""
        tags = self._finished.earlier_tags(str(photograph))
        return None if tags is None else EarlierAnnotation(tags, self._written)

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Appends a batch, without errors that the file holds in the same words."""
        new = [result for result in results if not self._holds(result)]
        with errors_named(self.path):
            self._file.write(b"".join(self._format.line(result, self._model) for result in new))
            self._file.flush()
        for result in new:
            self._note(result.image, result.error if isinstance(result, Unreadable) else "")
        return list(results)

    def close(self) -> None:
        """Removes the errors that were replaced, and closes the file."""
        if self._has_replaced_errors:
            with contextlib.suppress(OSError):  # a full disk: the next run removes them
                self._remove_replaced_errors()
        closing = contextlib.closing
        with closing(self._finished), closing(self._errors), errors_named(self.path):
            self._file.close()  # writes again what a full disk did not take

    def _holds(self, result: Result) -> bool:
        return isinstance(result, Unreadable) and self._errors.get(result.image) == result.error

    def _note(self, image: str, error: str) -> None:
        """Remembers the last record of an image."""
        self._has_replaced_errors |= self._errors.remove(image)
        if error:
            self._errors.set(image, error)

    def _remove_replaced_errors(self) -> None:
        target, written = self.path.resolve(), FinishedImages()
        with atomic_path(target) as staging, staging.open("wb") as file:
            file.write(self._format.header)
            self._file.seek(len(self._format.header))
            lines = _CompleteLines(self._file)
            for record in self._format.records(iter(lines)):
                content = lines.take()
                last = self._errors.get(record.image) == record.error and written.add(record.image)
                if last or not record.error:
                    file.write(content)
            shutil.copymode(target, staging)
        written.close()

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
            for image, model, error, tags in self._format.records(iter(lines)):
                if model != self._model:
                    raise UserError(
                        "--out must be from the same model, and decided the same way. Received: "
                        f"{self.path}, in which {image} was annotated by {model or 'none'}; this is "
                        f"{self._model}. Name another --out."
                    )
                self._note(image, error)
                self.already_done += not error and self._finished.add(image, tags)
                end = lines.end
                lines.take()
        except ValueError as error:
            raise self._not_ours(f"after {self.already_done} annotated images: {error}") from None
        self.earlier_errors = len(self._errors)
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
        self._file, self.end, self._since_take = file, file.tell(), bytearray()

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            if line.endswith(b"\n"):
                self.end += len(line)
                self._since_take += line
                yield line.decode("utf-8", "surrogateescape")

    def take(self) -> bytes:
        """The bytes of the lines since the last call."""
        taken = bytes(self._since_take)
        self._since_take.clear()
        return taken
