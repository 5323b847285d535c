"""An audit of the printed tables: cells that contradict their rows, and rows of other test sets.

It treats every printed number as the interval that it was rounded from, so no result is due to rounding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.paper.intervals import Interval
from mmannot_tf.paper.labels_per_image import has_fixed_k, own_labels_per_image
from mmannot_tf.paper.other_test_sets import measured_rows, other_test_sets
from mmannot_tf.paper.row_checks import Disagreement, disagreements
from mmannot_tf.paper.slips import Search, Slip, search
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS, PublishedRow, table
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class Inconsistency:
    """A cell that the rest of its row contradicts.

    Attributes:
        disagreement: the cell and its interval by the rest of the row.
        search: the slips that would explain it.
        labels: labels per image of the row's neighbours that a slip had to agree with; None where the row has
            no neighbours of the same test set.
    """

    disagreement: Disagreement
    search: Search
    labels: Interval | None

    @property
    def row(self) -> PublishedRow:
        """The row of the cell."""
        return self.disagreement.row

    def why(self) -> str | None:
        """The evidence for the likely slip; None where there is none."""
        slip = self.search.likely
        if slip is None:
            return None
        alone = len(self.search.fitting) == 1
        tried = f"one of {self.search.tried} digit swaps and one-digit changes" if alone else "digit swap"
        agrees = f"{_kind(slip)}: the only {tried} that agrees with the row's F1s"
        if self.labels is None:
            return f"{agrees}; no neighbour shares its test set, so nothing else confirms it"
        return f"{agrees} and with the {self.labels.middle:.3f} labels per image of its neighbours"

    def as_json(self) -> dict[str, Json]:
        """The inconsistency as a JSON object."""
        slip = self.search.likely
        return {
            "table": self.row.table,
            "system": self.row.system,
            "cell": SYMBOLS[self.disagreement.score],
            "printed": self.row.printed[self.disagreement.score],
            "recomputed": document(self.disagreement.recomputed.rounded()),
            "likely": {**_change(slip), "why": self.why()} if slip else None,
            "fitting": [_change(slip) for slip in self.search.fitting],
        }


def inconsistencies(numbers: Iterable[str] = ANNOTATION_TABLES) -> tuple[Inconsistency, ...]:
    """The contradictory cells of the tables, by table and row.

    Args:
        numbers: Roman numbers; V and VI have nothing that could contradict.
    """
    wanted = set(numbers)
    return tuple(cell for cell in _inconsistencies() if cell.row.table in wanted)


def likely_corrections(number: str, system: str) -> dict[str, float]:
    """Score → its value before the likely slip, for the slips of one printed row."""
    slips = (cell.search.likely for cell in inconsistencies([number]) if cell.row.system == system)
    return {slip.score: float(slip.corrected) for slip in slips if slip}


def audit_as_json(numbers: Iterable[str] = ANNOTATION_TABLES) -> dict[str, Json]:
    """`{"inconsistent", "labels_per_image", "other_test_sets"}` of the tables.

    Cells and scores have the print's symbols; "recomputed" and "labels_per_image" are `[low, high]`.
    """
    numbers = tuple(numbers)
    return {
        "inconsistent": [cell.as_json() for cell in inconsistencies(numbers)],
        "labels_per_image": [measured.as_json() for measured in measured_rows(numbers)],
        "other_test_sets": [other.as_json() for other in other_test_sets(numbers)],
    }


@cache
def _inconsistencies() -> tuple[Inconsistency, ...]:
    return tuple(
        Inconsistency(disagreement, search(row, labels), labels)
        for number in ANNOTATION_TABLES
        for row in table(number)
        for disagreement in disagreements(row)
        for labels in [_neighbours(row)]
    )


def _neighbours(row: PublishedRow) -> Interval | None:
    """Labels per image of the rows of the same test set, which the paper's own rows have."""
    own = row.table == DATASETS[row.dataset].methods
    return own_labels_per_image(row.dataset) if own and has_fixed_k(row) else None


def _change(slip: Slip) -> dict[str, Json]:
    return {"cell": SYMBOLS[slip.score], "printed": slip.printed, "corrected": slip.corrected}


def _kind(slip: Slip) -> str:
    pairs = zip(slip.printed, slip.corrected, strict=True)
    (old, new), *_ = [pair for pair in pairs if pair[0] != pair[1]]
    return f"digits {old} and {new} swapped" if slip.swapped else f"a {old} for a {new}"
