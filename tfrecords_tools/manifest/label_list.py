"""Makes the list of all labels from a file or from the rows of a manifest."""

from collections.abc import Iterable
from pathlib import Path

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tables import no_text, open_text

WHAT = "list of labels"


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads the labels of a file, one per line, in its order; ignores blanks around them and empty lines.

    Raises:
        UserError: the file is missing, no text in a known encoding, has no label or a label twice.
    """
    try:
        with open_text(path, WHAT) as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError as error:
        raise no_text(path, WHAT, error.reason) from None
    numbers: dict[str, int] = {}
    for number, label in enumerate((line.strip() for line in lines), start=1):
        if label and numbers.setdefault(label, number) != number:
            raise UserError(
                f"labels must be listed once. Received: {path}:{number}: {label!r}, which line "
                f"{numbers[label]} has already. Remove one."
            )
    if not numbers:
        raise UserError(
            f"list of labels must have one per line. Received: {path}, which is empty. Add labels."
        )
    return tuple(numbers)


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The unique labels in alphabetical order; case only decides between otherwise equal labels."""
    return tuple(sorted(set(labels), key=lambda label: (label.casefold(), label)))
