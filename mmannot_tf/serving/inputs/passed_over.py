"""What a folder holds beside photographs."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypedDict

from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.photographs.system_folders import is_system_folder
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.paths import shown

SIDECAR = ".xmp"
"""The suffix of files that belong to photographs, and are not counted as passed over."""


class PassedOverDocument(TypedDict):
    """What a folder holds beside photographs, as JSON values."""

    other_files: dict[str, int]
    hidden: int
    linked_folders: int
    system_folders: dict[str, int]


@dataclass
class PassedOver:
    """Counts of what is no photograph below the named folders, sidecars excluded.

    Attributes:
        other_files: number of files by suffix, in lower case; "" for none.
        hidden: number of files and folders whose names begin with a dot.
        linked_folders: number of links to folders.
        system_folders: number of folders such as @eaDir by name.
    """

    other_files: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    linked_folders: int = 0
    system_folders: Counter[str] = field(default_factory=Counter)

    def add(self, other: "PassedOver") -> None:
        """Adds the counts of other folders."""
        self.other_files += other.other_files
        self.hidden += other.hidden
        self.linked_folders += other.linked_folders
        self.system_folders += other.system_folders

    def passes_folder(self, name: str) -> bool:
        """Whether a folder of this name is left out; counts it if so."""
        if name.startswith("."):
            self.hidden += 1
        elif is_system_folder(name):
            self.system_folders[name] += 1
        else:
            return False
        return True

    def passes_file(self, name: str) -> bool:
        """Whether a file of this name is left out; counts it if so, unless it is a sidecar."""
        suffix = PurePosixPath(name).suffix.lower()
        if name.startswith("."):
            self.hidden += 1
        elif suffix in SUFFIXES:
            return False
        elif suffix != SIDECAR:
            self.other_files[suffix] += 1
        return True

    def document(self) -> PassedOverDocument:
        """The counts as JSON values."""
        return {
            "other_files": dict(self.other_files.most_common()),
            "hidden": self.hidden,
            "linked_folders": self.linked_folders,
            "system_folders": dict(self.system_folders.most_common()),
        }

    def __str__(self) -> str:
        """The counts in one line; empty if nothing was passed over."""
        suffixes = self.other_files.most_common()
        others = ", ".join(f"{count:,} {shown(suffix) or 'without'}" for suffix, count in suffixes)
        systems = ", ".join(sorted(self.system_folders))
        parts = (
            (self.other_files.total(), "file with another suffix", "files with another suffix", others),
            (self.hidden, "hidden file or folder", "hidden files or folders", ""),
            (self.linked_folders, "linked folder", "linked folders", ""),
            (self.system_folders.total(), "system folder", "system folders", systems),
        )
        return ", ".join(
            counted(count, one, many) + (f" ({named})" if named else "")
            for count, one, many, named in parts
            if count
        )
