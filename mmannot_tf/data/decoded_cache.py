"""The training images, decoded and resized once: in memory, or in a file below the run's folder."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmannot_tf.data.batches import ImageBatches
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import aside, digest, read_json, sha256, staging_folders, write_json


@dataclass(frozen=True, eq=False)
class DecodedCache:
    """The training split of `images` as network input, in the records' fixed order, float32 [N, S, S, 3].

    Attributes:
        images: what is decoded, and how; without tags.
        folder: where the file lies, `train.npy`, with what it was made from beside it, `train.json`.
    """

    images: ImageBatches
    folder: Path

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, S, S, 3]."""
        size = self.images.data.image_size
        return (self.images.records.splits["train"], size, size, 3)

    @property
    def bytes(self) -> int:
        """Of all pixels."""
        return 4 * int(np.prod(self.shape))

    def in_memory(self) -> np.ndarray:
        """Decodes into memory.

        Raises:
            UserError: it is more than the machine has.
        """
        has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
        if has is not None and self.bytes >= has:
            raise UserError(
                f'data.decoded_cache = "memory" needs {_gigabytes(self.bytes)} for {self._what()}. Received: '
                f'a machine with {_gigabytes(has)}. Set it to "disk" or "none".'
            )
        notice(f"decoding {self._what()} into memory: {_gigabytes(self.bytes)}")
        pixels, done = np.empty(self.shape, np.float32), 0
        for batch in self._decoded():
            pixels[done : done + len(batch)] = batch
            done += len(batch)
        return pixels

    def store(self) -> None:
        """Writes the file, unless it holds already: made from the same things, and its digest is right.

        What does not hold is removed first. Memory does not depend on the number of images.

        Raises:
            UserError: the disk is full, or cannot be written.
        """
        if self._holds():
            return
        self._clear()
        notice(f"decoding {self._what()} into {self._file}: {_gigabytes(self.bytes)}")
        try:
            with aside(self._file) as staging, staging.open("wb") as out:
                header = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
                np.lib.format.write_array_header_1_0(out, header)
                for batch in self._decoded():
                    out.write(np.ascontiguousarray(batch, "<f4").data)
            write_json(self._record, {"made_from": self._made_from(), "sha256": sha256(self._file)})
        except OSError as error:
            raise UserError(
                f'data.decoded_cache = "disk" needs {_gigabytes(self.bytes)} for {self._what()}. Received: '
                f'{self.folder}: {error.strerror or error}. Make room, or set it to "none".'
            ) from None

    def open(self) -> np.ndarray:
        """The file that `store` left, mapped: what is read of it is the system's to keep or drop."""
        return np.load(self._file, mmap_mode="r")

    @property
    def _file(self) -> Path:
        return self.folder / "train.npy"

    @property
    def _record(self) -> Path:
        return self.folder / "train.json"

    def _decoded(self) -> Iterator[np.ndarray]:
        return (pixels.numpy() for pixels, _ in self.images.split("train"))

    def _holds(self) -> bool:
        if not self._record.exists() or not self._file.exists():
            return False
        record = read_json(self._record, "A decoded cache's train.json")
        if digest(record["made_from"]) != digest(self._made_from()):
            notice(f"{self._file}: made from other records or settings, made again")
            return False
        if record["sha256"] != sha256(self._file):
            notice(f"{self._file}: not as it was written, made again")
            return False
        return True

    def _clear(self) -> None:
        self._record.unlink(missing_ok=True)  # first: without it the file is for no one
        self._file.unlink(missing_ok=True)
        for left in staging_folders(self._file):
            shutil.rmtree(left)

    def _made_from(self) -> dict[str, Any]:
        return {
            "records": self.images.records.digest,
            "image_size": self.images.data.image_size,
            "resize": self.images.data.resize,
            "preprocessing": asdict(self.images.preprocessing),
            "tensorflow": tf.__version__,
        }

    def _what(self) -> str:
        return f"{self.shape[0]:,} training images of {self.shape[1]} pixels"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
