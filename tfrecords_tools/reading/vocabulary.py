"""Orders, writes and reads the tag vocabulary of a training split."""

from collections.abc import Mapping
from pathlib import Path

from tfrecords_tools.shell.errors import UserError


def tag_vocabulary(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The tags with their counts, the most frequent first; ties are in alphabetical order."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def write_vocabulary(path: Path, counts: Mapping[str, int]) -> None:
    """Writes `tag<TAB>count` lines in the order of `tag_vocabulary`."""
    text = "".join(f"{tag}\t{count}\n" for tag, count in tag_vocabulary(counts))
    path.write_text(text, encoding="utf-8", newline="\n")


def read_vocabulary(path: Path) -> list[tuple[str, int]]:
    """Reads the tags and counts of a vocabulary file in its order.

    Raises:
        UserError: the file is missing, or a line is not `tag<TAB>count`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"tag vocabulary must exist. Received: {path}, which does not.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"tag vocabulary must be UTF-8 text. Received: {path} ({error.reason}).") from None
    return [_entry(path, number, line) for number, line in enumerate(text.split("\n")[:-1], start=1)]


def _entry(path: Path, number: int, line: str) -> tuple[str, int]:
    tag, tab, count = line.rpartition("\t")
    if not tab or not tag or not count.isdecimal():
        raise UserError(f"tag vocabulary must hold tag<TAB>count lines. Received: {path}:{number}: {line!r}.")
    return tag, int(count)
