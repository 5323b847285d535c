"""The training images, decoded and resized once: in memory, or in a file in the run's folder."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmannot_tf.config.data_keys import FORMER, PIXELS
from mmannot_tf.data.image_batches import ImageBatches
from tfrecords_tools.reading.records import check_unchanged
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.documents import read_sealed, sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path, digest, sha256, staging_folders, write_json


@dataclass(frozen=True, eq=False)
class DecodedCache:
    """The training split of `images` as network input, in the records' fixed order, float32 [N, S, S, 3].

    Attributes:
        images: what is decoded, and how; without tags.
        folder: of the file, `train.npy`, and of `train.json`, which lists what the file was made from.
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
        """The size of all pixels."""
        return 4 * int(np.prod(self.shape))

    def in_memory(self) -> np.ndarray:
        """Decodes into memory.

        Raises:
            UserError: the machine has too little memory.
        """
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
        if memory is not None and self.bytes >= memory:
            raise UserError(
                f'data.decoded_cache = "memory" needs {_gigabytes(self.bytes)} for {self._description()}. '
                f'Received: a machine with {_gigabytes(memory)}. Set it to "disk" or "none".'
            )
        notice(f"decoding {self._description()} into memory: {_gigabytes(self.bytes)}")
        pixels, done = np.empty(self.shape, np.float32), 0
        for batch in self._decoded():
            pixels[done : done + len(batch)] = batch
            done += len(batch)
        return pixels

    def store(self) -> None:
        """Writes the file, unless a valid one exists: made from the same inputs and unchanged.

        Removes an invalid one first. The memory needed does not depend on the number of images.

        Raises:
            UserError: the disk is full or not writable.
        """
        if self._is_valid():
            return
        self._clear()
        notice(f"decoding {self._description()} into {self._file}: {_gigabytes(self.bytes)}")
        try:
            with atomic_path(self._file) as staging, staging.open("wb") as out:
                header = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
                np.lib.format.write_array_header_1_0(out, header)
                for batch in self._decoded():
                    out.write(np.ascontiguousarray(batch, "<f4").data)
            check_unchanged(self.images.records)
            write_json(self._record, sealed({"made_from": self._made_from(), "sha256": sha256(self._file)}))
        except OSError as error:
            raise UserError(
                f'data.decoded_cache = "disk" needs {_gigabytes(self.bytes)} for {self._description()}. '
                f'Received: {self.folder}: {error.strerror or error}. Make room, or set it to "none".'
            ) from None

    def open(self) -> np.ndarray:
        """The file that `store` wrote, memory-mapped: the system may drop pages that were read."""
        return np.load(self._file, mmap_mode="r")

    @property
    def _file(self) -> Path:
        return self.folder / "train.npy"

    @property
    def _record(self) -> Path:
        return self.folder / "train.json"

    def _decoded(self) -> Iterator[np.ndarray]:
        return (pixels.numpy() for pixels, _ in self.images.split("train"))

    def _is_valid(self) -> bool:
        if not self._record.exists() or not self._file.exists():
            return False
        try:
            record = read_sealed(self._record, what="A decoded cache's train.json", remedy="")
            made_from = {**FORMER, **record["made_from"]}
        except (UserError, KeyError, TypeError):
            notice(f"{self._record}: not as it was written; writing it again")
            return False
        if digest(made_from) != digest(self._made_from()):
            notice(f"{self._file}: made from other records or settings; writing it again")
            return False
        if record.get("sha256") != sha256(self._file):
            notice(f"{self._file}: not as it was written; writing it again")
            return False
        return True

    def _clear(self) -> None:
        self._record.unlink(missing_ok=True)  # first: a file without its record is ignored
        self._file.unlink(missing_ok=True)
        for leftover in staging_folders(self._file):
            shutil.rmtree(leftover)

    def _made_from(self) -> dict[str, object]:
        return {
            "records": self.images.records.digest,
            **{key: getattr(self.images.data, key) for key in PIXELS},
            "preprocessing": asdict(self.images.preprocessing),  # the values that the key stands for
            "tensorflow": tf.__version__,
        }

    def _description(self) -> str:
        return f"{counted(self.shape[0], 'training image')} of {self.shape[1]} pixels"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
