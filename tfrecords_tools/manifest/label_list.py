"""The list of all labels: from a file of its own, or made from the rows; and what is odd about it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tfrecords_tools.shell.errors import UserError

SHOWN = 10
"""Labels named in a note; the rest are counted."""


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels of a file, one a line, in its order; blanks around them and empty lines do not count.

    Raises:
        UserError: the file is missing, no UTF-8 text, holds no label or one twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UserError(
            f"list of labels must exist. Received: {path}, which does not. Pass --labels."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"list of labels must be UTF-8 text. Received: {path} ({error.reason}). Save it as UTF-8."
        ) from None
    places: dict[str, int] = {}
    for number, label in enumerate((line.strip() for line in lines), start=1):
        if label and places.setdefault(label, number) != number:
            raise UserError(
                f"labels must be listed once. Received: {path}:{number}: {label!r}, which stands at line "
                f"{places[label]} already. Take one out."
            )
    if not places:
        raise UserError(f"list of labels must hold one a line. Received: {path}, which is empty. Write them.")
    return tuple(places)


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The different labels in alphabetic order, upper and lower case alike, then as written."""
    return tuple(sorted(set(labels), key=lambda label: (label.casefold(), label)))


def notes(labels: Sequence[str], *, learned: Iterable[str]) -> Iterator[str]:
    """What a user should know about the labels, a sentence each.

    Args:
        labels: all of them.
        learned: those that training images bear.
    """
    known = set(learned)
    idle = [label for label in labels if label not in known]
    if idle:
        yield f"no training image bears {_listed(idle)}"
    spellings: dict[str, list[str]] = {}
    for label in labels:
        spellings.setdefault(label.casefold(), []).append(label)
    for twins in spellings.values():
        if len(twins) > 1:
            yield f"labels differ in upper and lower case only: {_listed(twins)}"


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(repr(label) for label in labels[:SHOWN])
    return named if len(labels) <= SHOWN else f"{named} and {len(labels) - SHOWN} more labels"
