"""Opens HDF5 files of others. HDF5 can refer to other files on the machine; such a file is refused."""

import io
from collections.abc import Iterator
from pathlib import Path

import h5py

from tfrecords_tools.shell.errors import UserError, one_line

DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, OverflowError)
"""What h5py raises for damaged files."""


def open_hdf5(path: Path, content: bytes | None = None) -> h5py.File:
    """Opens a file to read after checking that all its data lie in the file itself.

    Args:
        path: the file; with `content`, only for errors.
        content: the bytes of an HDF5 file inside the file at `path`.

    Raises:
        UserError: the file refers to other files.
        DAMAGE: it is no HDF5 file, or damaged.
    """
    file = h5py.File(path if content is None else io.BytesIO(content), "r")
    try:
        reference = next(_references(file, set()), None)
    except BaseException:
        file.close()
        raise
    if reference is not None:
        file.close()
        raise UserError(
            "a file of weights must hold all its data itself. "
            f"Received: {path}, with {reference}, which can read other files. "
            "Use a file from a source that you trust."
        )
    return file


def check_self_contained(path: Path) -> None:
    """Checks that all data of an HDF5 file lie in the file itself.

    Raises:
        UserError: the file refers to other files, is no HDF5 file, or is damaged.
    """
    try:
        open_hdf5(path).close()
    except DAMAGE as error:
        raise UserError(f"a file of weights must be whole. Received: {path} ({one_line(error)}).") from None


def _references(group: h5py.Group, visited: set[int]) -> Iterator[str]:
    """What in a group refers to other files, in words. Opens nothing that it has not looked at."""
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            kind = "an external link" if isinstance(link, h5py.ExternalLink) else "a soft link"
            yield f"{kind} {group.name.rstrip('/')}/{name}"
            continue
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in visited:
            continue
        visited.add(address)
        if isinstance(item, h5py.Group):
            yield from _references(item, visited)
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            yield f"external data in {item.name}"
