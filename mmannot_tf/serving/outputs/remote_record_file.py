"""A record file in object storage."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.outputs.output import EarlierAnnotation
from mmannot_tf.serving.outputs.record_file import RecordFile, RecordFormat
from tfrecords_tools.shell.addresses import address_errors, file_system, reason
from tfrecords_tools.shell.errors import UserError

UPLOAD_SECONDS = 60.0
"""How often the file is put back; a kill costs the annotations of so many seconds."""


class RemoteRecordFile:
    """A record file that is fetched, written on this machine, and put back every minute and at the end.

    Object storage can only replace a whole file, so one process writes a file; each of several machines
    takes a shard, and an output of its own. Nothing stops two of them from writing the same.

    Attributes:
        address: of the file.
    """

    def __init__(self, address: str, record_format: RecordFormat, model: str, *, retry_errors: bool = True):
        """Fetches the file if there is one; arguments as for `RecordFile`.

        Raises:
            UserError: the address is out of reach, or another model or something else wrote the file.
        """
        self.address = address
        self._system, self._path = file_system(address)
        self._folder = Path(tempfile.mkdtemp(prefix="mmannot-out-"))
        try:
            copy = self._fetch()
            self._file = RecordFile(copy, record_format, model, retry_errors=retry_errors)
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        self._uploaded = time.monotonic()

    @property
    def already_done(self) -> int:
        """The number of annotated images that it held when it was opened."""
        return self._file.already_done

    @property
    def earlier_errors(self) -> int:
        """The number of images with an error of an earlier run that this run did not try."""
        return self._file.earlier_errors

    def wants(self, photograph: Photograph) -> bool:
        """Whether the file has no labels of a photograph."""
        return self._file.wants(photograph)

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """What the file had of a photograph."""
        return self._file.earlier(photograph)

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Appends a batch; every `UPLOAD_SECONDS` the file is put back."""
        written = self._file.write(results)
        if time.monotonic() - self._uploaded >= UPLOAD_SECONDS:
            with address_errors(self.address):
                self._upload()
        return written

    def close(self) -> None:
        """Puts the file back.

        Raises:
            UserError: that failed; the message names the copy on this machine, which then stays.
        """
        self._file.close()
        try:
            self._upload()
        except Exception as error:  # every file system has errors of its own
            raise UserError(
                f"--out must be within reach. Received: {self.address}: {reason(error)}. The annotations are "
                f"in {self._file.path}; copy them there, or run the command again."
            ) from error
        shutil.rmtree(self._folder)

    def _fetch(self) -> Path:
        copy = self._folder / PurePosixPath(self._path).name
        with address_errors(self.address):
            if self._system.exists(self._path):
                self._system.get_file(self._path, str(copy))
                os.utime(copy, (self._modified(),) * 2)
        return copy

    def _modified(self) -> float:
        try:
            return float(self._system.modified(self._path).timestamp())
        except NotImplementedError:
            return time.time()

    def _upload(self) -> None:
        self._system.makedirs(self._system._parent(self._path), exist_ok=True)
        self._system.put_file(str(self._file.path), self._path)
        self._uploaded = time.monotonic()
