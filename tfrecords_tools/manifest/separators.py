"""How the cells of a CSV manifest hold several labels, tags or groups."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

AUTO = "auto"
USUAL = (";", "|", ",")
"""Separators that "auto" looks for; of those in a column, it takes the first of this order."""
LINE_BREAK = "\n"


class CellSeparators:
    """The separator of each column, and how many cells seem to hold another one."""

    def __init__(self, cells: Iterable[tuple[str, str]], separator: str):
        """Counts the separators in cells.

        Args:
            cells: pairs of a column and a cell; read once.
            separator: the separator of all columns; "auto" takes for each column the first of `USUAL` that
                any of its cells holds.
        """
        self._given = None if separator == AUTO else separator
        looked_for = dict.fromkeys((*USUAL, LINE_BREAK, *([self._given] if self._given else [])))
        self._filled: Counter[str] = Counter()
        self._held: defaultdict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        for column, cell in cells:
            self._filled[column] += bool(cell.strip())
            self._held[column][tuple(mark for mark in looked_for if mark in cell)] += 1

    def split(self, column: str, cell: str) -> list[str]:
        """The entries of a cell."""
        return cell.split(self._separator(column))

    def notes(self, file: str) -> Iterator[str]:
        """The separators that "auto" found, and the cells that hold only others, a sentence each."""
        for column, filled in self._filled.items():
            separator = self._separator(column)
            if self._given is None and any(separator in held for held in self._held[column]):
                yield f"{file}: entries of {column} are separated by {separator!r}"
            other = {held: n for held, n in self._held[column].items() if held and separator not in held}
            if other:
                named = ", ".join(repr(mark) for mark in dict.fromkeys(sum(other, ())))
                yield (
                    f"{file}: {sum(other.values()):,} of {filled:,} cells of {column} hold {named} but no "
                    f"{separator!r}, and each is read as one entry; if they hold several, pass "
                    f"--separator{'' if self._given is None else ' auto'}"
                )

    def _separator(self, column: str) -> str:
        if self._given is not None:
            return self._given
        return next((mark for mark in USUAL if any(mark in held for held in self._held[column])), USUAL[0])
