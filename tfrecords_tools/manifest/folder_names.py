"""What the names of folders say of the photographs in them: labels, or the split."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

SPLIT_NAMES = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""Names of folders, in lower case, and the splits that they mean."""
PLAIN_NAMES = frozenset(
    {
        "camera",
        "camera roll",
        "camera uploads",
        "dcim",
        "images",
        "photographs",
        "photos",
        "pictures",
    }
)
"""Names, in lower case, that only say that there are photographs."""
_DATE = re.compile(r"(19|20)\d\d([-_. ]?(0[1-9]|1[0-2]))([-_. ]?\d\d)?(?!\d).*")
_NUMBER = re.compile(r"[\d\s._-]+")
_CAMERA = re.compile(r"[1-9]\d\d[A-Z0-9_]{5}")
"""A folder of a camera, such as 100CANON: DCF 2.0 (JEITA CP-3461B), directory names."""
_COUNTED = re.compile(r"(IMG|DSC[FN]?|MVI|PXL|VID|PANO|BURST)[-_ ]?\d.*", re.IGNORECASE)


def says_nothing(name: str) -> bool:
    """Whether the name of a folder is no label: a date, a number, a camera's, or as plain as DCIM.

    Example:
        >>> [name for name in ("dog", "2019-05-01 Rome", "100CANON", "DCIM") if says_nothing(name)]
        ['2019-05-01 Rome', '100CANON', 'DCIM']
    """
    patterns = (_DATE, _NUMBER, _CAMERA, _COUNTED)
    return name.casefold() in PLAIN_NAMES or any(pattern.fullmatch(name) for pattern in patterns)


class FolderNames:
    """The names of the folders above photographs, parted into splits and other names.

    A name of `SPLIT_NAMES` means a split where a folder of another split is beside it, or nothing but such
    folders: `train/dog` beside `test/dog`, but not `vehicles/train` beside `vehicles/car`.
    """

    def __init__(self, paths: Iterable[str], labels: Collection[str] = ()):
        """`paths` are those of all photographs, relative; `labels` are names that never mean a split."""
        self._labels = {*labels}
        self._beside: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
        for folder in {parent for path in paths for parent in PurePosixPath(path).parents}:
            if folder.name:
                self._beside[folder.parent].add(folder.name)

    def split(self, path: str) -> str | None:
        """The split that the folders of a photograph name; the outermost counts."""
        folders = reversed(PurePosixPath(path).parents)
        return next((SPLIT_NAMES[one.name.casefold()] for one in folders if self._is_split(one)), None)

    def names(self, path: str) -> list[str]:
        """The names of the folders above a photograph that mean no split, the outermost first."""
        folders = reversed(PurePosixPath(path).parents)
        return [folder.name for folder in folders if folder.name and not self._is_split(folder)]

    def _is_split(self, folder: PurePosixPath) -> bool:
        if not self._means_split(folder.name):
            return False
        beside = self._beside[folder.parent]
        splits = {SPLIT_NAMES[name.casefold()] for name in beside if self._means_split(name)}
        return len(splits) > 1 or all(map(self._means_split, beside))

    def _means_split(self, name: str) -> bool:
        return name.casefold() in SPLIT_NAMES and name not in self._labels
