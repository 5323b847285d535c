r"""Names of files as other programs write them: how they match files, and how a terminal shows them.

One rule says when two names are the same: `\` counts as `/`, a leading `./` and empty parts are dropped, and
composed and decomposed letters (Unicode's NFC and NFD) are equal. Upper and lower case differ.
"""

import re
import unicodedata
from pathlib import Path, PurePosixPath

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE = re.compile("[A-Za-z]:/")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def matching_form(name: str) -> str:
    """The form in which names are compared; names with equal forms are the same."""
    return unicodedata.normalize("NFC", _with_slashes(name))


def path_below(name: str, folder: Path | None = None) -> str:
    r"""A name as a path below a folder: with `/` between its parts, without `.` and empty parts.

    Args:
        name: relative to the folder, or an absolute path in it; `\` counts as `/`.
        folder: the folder; None accepts no absolute path.

    Raises:
        ValueError: the name is empty, a URL, or leaves the folder; the message says so and shows the name.
    """
    path = _with_slashes(name)
    if _URL.match(name):
        raise ValueError(f"path {shown(name)!r} is a URL; download the file and name it")
    if "\0" in name:
        raise ValueError(f"path {shown(name)!r} holds the character 0")
    if path.startswith("/") and folder is not None:
        path = _relative(path, folder)
    if path.startswith("/") or _DRIVE.match(path) or ".." in PurePosixPath(path).parts:
        raise ValueError(f"path {shown(name)!r} leaves the folder")
    if not name.strip() or path in ("", "."):
        raise ValueError("path is empty")
    return path


class FilesBelow:
    """Finds the files of a folder by the names that other programs wrote. Lists each folder once."""

    def __init__(self, folder: Path):
        """`folder` is the folder to which names are relative."""
        self._folder = folder
        self._entries: dict[Path, dict[str, list[str]]] = {}

    def find(self, name: str) -> Path:
        """The file that `name`, from `path_below`, matches; the path as written if there is none.

        Raises:
            ValueError: several files match, and none of them is written like `name`.
        """
        path = self._folder
        for part in PurePosixPath(name).parts:
            names = self._listed(path).get(matching_form(part), [])
            if len(names) > 1 and part not in names:
                raise ValueError(f"path {shown(name)!r} matches {len(names)} files in {shown(str(path))}")
            path = path / (part if part in names or not names else names[0])
        return path

    def _listed(self, folder: Path) -> dict[str, list[str]]:
        """The names in a folder by their form; empty if it cannot be listed."""
        if folder not in self._entries:
            entries: dict[str, list[str]] = {}
            try:
                for entry in sorted(path.name for path in folder.iterdir()):
                    entries.setdefault(unicodedata.normalize("NFC", entry), []).append(entry)
            except OSError:
                pass  # reading the file reports it
            self._entries[folder] = entries
        return self._entries[folder]


def shown(text: str) -> str:
    r"""A text in one line for a terminal or a log, with control characters escaped.

    Line breaks, escape sequences, characters that turn the direction of writing, and bytes that are no UTF-8
    become `\n`, `\x1b`, `\u202e`, `\xff`. All other characters stay.
    """
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte of a file name that is no UTF-8
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _with_slashes(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    root = "/" if parts[0] == "" and len(parts) > 1 else ""
    return root + "/".join(part for part in parts if part not in ("", "."))


def _relative(path: str, folder: Path) -> str:
    """An absolute path relative to a folder, if it lies in it; else the path."""
    for start in (folder.absolute(), folder.resolve()):
        if PurePosixPath(path).is_relative_to(start.as_posix()):
            return PurePosixPath(path).relative_to(start.as_posix()).as_posix()
    return path
