"""The seal of a checkpoint: the SHA-256 of each of its files, written beside them last.

`ckpt-7.seal.json` vouches for `ckpt-7.index` and `ckpt-7.data-…`. A checkpoint without a seal was being
written when its process was killed; one that differs from its seal is broken. TensorFlow's own list of
checkpoints (the file `checkpoint`) is not asked. No TensorFlow here.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import read_json, sha256, write_json

SEAL = ".seal.json"
KEPT = 2
"""How many checkpoints of a stage are kept: the last, and the one before it in case the last is broken."""


@dataclass(frozen=True)
class Sealed:
    """A checkpoint that was written to its end.

    Attributes:
        prefix: what TensorFlow calls it: FOLDER/ckpt-7.
    """

    prefix: Path

    @property
    def number(self) -> int:
        """Its place in the order of writing."""
        return int(self.prefix.name.rpartition("-")[2])

    @property
    def seal(self) -> Path:
        """The file that vouches for it."""
        return self.prefix.with_name(self.prefix.name + SEAL)

    def fault(self) -> str | None:
        """What is wrong with it, in words; None where it is whole."""
        try:
            expected = dict(read_json(self.seal, "A checkpoint's seal"))
        except (UserError, TypeError, ValueError):
            return f"{self.seal.name} is unreadable"
        for name, digest in expected.items():
            file = self.prefix.with_name(name)
            if not file.is_file():
                return f"{name} is missing"
            if sha256(file) != digest:
                return f"{name} is not as it was written"
        return None


def seal(prefix: str | Path) -> None:
    """Seals a checkpoint whose files are all written."""
    checkpoint = Sealed(Path(prefix))
    write_json(checkpoint.seal, {file.name: sha256(file) for file in _files(checkpoint.prefix)})


def make_way(prefix: Path) -> None:
    """Before a checkpoint is written: a broken one of its name loses its seal, and leftovers are removed."""
    Sealed(prefix).seal.unlink(missing_ok=True)
    tidy(prefix.parent)


def sealed(folder: Path) -> list[Sealed]:
    """The sealed checkpoints in a folder, the last one first."""
    seals = folder.glob(f"ckpt-*{SEAL}")
    found = [Sealed(file.with_name(file.name.removesuffix(SEAL))) for file in seals]
    return sorted(found, key=lambda one: one.number, reverse=True)


def unfinished(folder: Path) -> list[str]:
    """The names of checkpoints later than the last seal: their process was killed while it wrote them."""
    last = max((one.number for one in sealed(folder)), default=0)
    names = {file.name.removesuffix(".index") for file in folder.glob("ckpt-*.index")}
    return sorted(name for name in names if Sealed(folder / name).number > last)


def tidy(folder: Path) -> None:
    """Removes what belongs to no checkpoint that is kept: older and unfinished ones, leftovers of writing."""
    kept = {one.prefix.name for one in sealed(folder)[:KEPT]}
    for file in [*folder.glob("ckpt-*"), *folder.glob(".ckpt-*")]:
        if file.name.partition(".")[0] not in kept:
            with contextlib.suppress(OSError):
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def _files(prefix: Path) -> list[Path]:
    found = prefix.parent.glob(f"{prefix.name}.*")
    return sorted(file for file in found if file.suffix == ".index" or ".data-" in file.name)
