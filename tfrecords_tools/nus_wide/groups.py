"""Reads an optional file with the Flickr groups of photographs."""

from collections.abc import Mapping
from pathlib import Path

from tfrecords_tools.nus_wide.layout import read_content
from tfrecords_tools.shell.errors import UserError


def read_groups(path: Path) -> Mapping[str, tuple[str, ...]]:
    r"""Reads groups by photograph from lines `<photo id>\tgroup\tgroup…` in UTF-8.

    Raises:
        UserError: the file is missing, or a line is not of that form or repeats a photograph; the message
            names file and line.
    """
    groups: dict[str, tuple[str, ...]] = {}
    content = read_content(path)
    for row, line in enumerate(content.split(b"\n") if content else [], start=1):
        photo, names = _entry(path, row, line)
        if photo in groups:
            raise _broken(path, row, f"photo {photo} a second time")
        groups[photo] = names
    return groups


def _entry(path: Path, row: int, line: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        photo, *names = (word.strip() for word in line.decode("utf-8").split("\t"))
    except UnicodeDecodeError as error:
        raise _broken(path, row, f"bytes that are no UTF-8 ({error.reason})") from None
    if not (photo.isascii() and photo.isdecimal()):
        raise _broken(path, row, f"photo id {photo!r}")
    if not names or not all(names):
        raise _broken(path, row, "no group" if not names else "an empty group name")
    return photo, tuple(dict.fromkeys(names))


def _broken(path: Path, row: int, what: str) -> UserError:
    return UserError(
        "groups file must hold lines of a photo id and its groups, separated by tabs, each photo once. "
        f"Received: {path}:{row}: {what}. Repair the line."
    )
