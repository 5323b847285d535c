"""Merges labels that mean the same: by a file of synonyms, and by upper and lower case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tables import Columns, Table

WHAT = "file of synonyms"


@dataclass(frozen=True)
class LabelMerging:
    """Which labels become which.

    Attributes:
        synonyms: labels and what they become.
        fold_case: whether labels that differ in upper and lower case only become one: the label of the list
            of labels, else the most frequent one.
    """

    synonyms: Mapping[str, str] = field(default_factory=dict)
    fold_case: bool = False

    def merged(self, images: Mapping[str, int], listed: Sequence[str] = ()) -> dict[str, str]:
        """What each label becomes.

        Args:
            images: the number of images by label, as the rows have them.
            listed: the list of labels, if one is given.
        """
        replaced = {self._key(old): new for old, new in self.synonyms.items()}
        becomes = {label: replaced.get(self._key(label), label) for label in images}
        if not self.fold_case:
            return becomes
        frequent = sorted({*becomes.values()}, key=lambda label: (-images.get(label, 0), label))
        spelling: dict[str, str] = {}
        for label in (*listed, *frequent):
            spelling.setdefault(label.casefold(), label)
        kept = {*listed}
        return {label: new if new in kept else spelling[new.casefold()] for label, new in becomes.items()}

    def unused(self, images: Mapping[str, int]) -> list[str]:
        """The synonyms that no image has as a label."""
        labels = {self._key(label) for label in images}
        return [old for old in self.synonyms if self._key(old) not in labels]

    def _key(self, label: str) -> str:
        return label.casefold() if self.fold_case else label


def read_synonyms(path: Path) -> dict[str, str]:
    """Reads a CSV file with the columns `from` and `to`.

    Raises:
        UserError: the file cannot be read; a cell is empty; a label is replaced twice or by a replaced one.
    """
    synonyms: dict[str, str] = {}
    table = Table(path, what=WHAT, columns=Columns(("from", "to"), ("from", "to")))
    for row in table.rows():
        old, new = row.cells.get("from", "").strip(), row.cells.get("to", "").strip()
        problem = row.problem or ("an empty cell" if not old or not new else "")
        if not problem and synonyms.setdefault(old, new) != new:
            problem = f"{old!r} becomes {new!r} here and {synonyms[old]!r} above"
        if problem:
            raise UserError(
                f"{WHAT} must have rows with one label and what it becomes. "
                f"Received: {path}:{row.number}: {problem}. Repair the row."
            )
    chained = [old for old, new in synonyms.items() if new in synonyms and synonyms[new] != new]
    if chained:
        raise UserError(
            f"{WHAT} must replace each label by a final one. Received: {path}: {chained[0]!r} becomes "
            f"{synonyms[chained[0]]!r}, which becomes {synonyms[synonyms[chained[0]]]!r}. Repair the row."
        )
    return synonyms
