"""The seal of a checkpoint: a file with the SHA-256 of each file of the checkpoint, written last.

`ckpt-7.seal.json` lists `ckpt-7.index` and `ckpt-7.data-…`. A checkpoint without a seal was not written to
its end; one that differs from its seal is corrupt. TensorFlow's own list of checkpoints (the file
`checkpoint`) is not used. No TensorFlow here.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.shell.documents import read_sealed, sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import sha256, write_json

SEAL = ".seal.json"
MAX_TO_KEEP = 2
"""How many checkpoints of a stage are kept: the last, and the one before it in case the last is corrupt."""


@dataclass(frozen=True)
class SealedCheckpoint:
    """A checkpoint that was written to its end.

    Attributes:
        prefix: TensorFlow's name of it: FOLDER/ckpt-7.
    """

    prefix: Path

    @property
    def number(self) -> int:
        """Its number in the order of writing."""
        return int(self.prefix.name.rpartition("-")[2])

    @property
    def seal(self) -> Path:
        """The file with the digests of its files."""
        return self.prefix.with_name(self.prefix.name + SEAL)

    def fault(self) -> str | None:
        """What is wrong with it, in words; None where it is intact."""
        try:
            expected = read_sealed(self.seal, what="A checkpoint's seal", remedy="")
            files = {name: self.prefix.with_name(name) for name in expected}
        except (UserError, ValueError):
            expected, files = {}, {}
        if not expected:
            return f"{self.seal.name} is unreadable"
        for name, digest in expected.items():
            if not files[name].is_file():
                return f"{name} is missing"
            if sha256(files[name]) != digest:
                return f"{name} is not as it was written"
        return None


def seal(prefix: str | Path) -> None:
    """Seals a checkpoint; all its files must be written."""
    checkpoint = SealedCheckpoint(Path(prefix))
    write_json(checkpoint.seal, sealed({file.name: sha256(file) for file in _files(checkpoint.prefix)}))


def invalidate(prefix: Path) -> None:
    """Removes the seal of an earlier checkpoint of that name, and leftovers. Call it before writing."""
    SealedCheckpoint(prefix).seal.unlink(missing_ok=True)
    prune(prefix.parent)


def sealed_checkpoints(folder: Path) -> list[SealedCheckpoint]:
    """The sealed checkpoints in a folder, the last one first."""
    seals = folder.glob(f"ckpt-*{SEAL}")
    checkpoints = [SealedCheckpoint(file.with_name(file.name.removesuffix(SEAL))) for file in seals]
    return sorted(checkpoints, key=lambda checkpoint: checkpoint.number, reverse=True)


def unfinished(folder: Path) -> list[str]:
    """The names of checkpoints after the last seal: their process was killed while it wrote them."""
    last = max((checkpoint.number for checkpoint in sealed_checkpoints(folder)), default=0)
    names = {file.name.removesuffix(".index") for file in folder.glob("ckpt-*.index")}
    return sorted(name for name in names if SealedCheckpoint(folder / name).number > last)


def prune(folder: Path) -> None:
    """Removes all files but those of the last `MAX_TO_KEEP` sealed checkpoints."""
    kept = {checkpoint.prefix.name for checkpoint in sealed_checkpoints(folder)[:MAX_TO_KEEP]}
    for file in [*folder.glob("ckpt-*"), *folder.glob(".ckpt-*")]:
        if file.name.partition(".")[0] not in kept:
            with contextlib.suppress(OSError):
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def _files(prefix: Path) -> list[Path]:
    files = prefix.parent.glob(f"{prefix.name}.*")
    return sorted(file for file in files if file.suffix == ".index" or ".data-" in file.name)
