"""The files below a folder of people's photographs, without what is hidden or kept by systems."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tfrecords_tools.photographs.system_folders import is_system_folder


def visible_files(
    folder: Path, onerror: Callable[[OSError], None] | None = None
) -> Iterator[tuple[Path, list[str], int]]:
    """Yields each folder, the names of its visible files in order, and how much in it is hidden.

    Files and folders whose names begin with a dot are hidden, and so are folders such as @eaDir; they are
    counted, not looked into. Linked folders are not followed.

    Args:
        folder: the outermost folder, which is yielded first.
        onerror: is called with the error of a folder that cannot be listed; None ignores it.
    """
    for place, folders, files in os.walk(folder, onerror=onerror):
        shown = sorted(name for name in folders if not (name.startswith(".") or is_system_folder(name)))
        visible = sorted(name for name in files if not name.startswith("."))
        yield Path(place), visible, len(folders) - len(shown) + len(files) - len(visible)
        folders[:] = shown
