"""The results of the audit of the printed tables, in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.paper.audit import Inconsistency, inconsistencies
from mmannot_tf.paper.labels_per_image import own_labels_per_image
from mmannot_tf.paper.other_test_sets import OtherTestSet, other_test_sets
from mmannot_tf.paper.row_checks import PARTS
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS


@dataclass(frozen=True)
class Contradiction:
    """A printed number that its own row contradicts.

    Attributes:
        table: Roman number.
        system: the row.
        score: the score that does not follow from the row's others.
        text: what is printed, what follows from the rest, and what explains it; without a full stop.
    """

    table: str
    system: str
    score: str
    text: str


def about(table: str, system: str) -> tuple[str, ...]:
    """What is contradictory in one printed row."""
    return tuple(c.text for c in CONTRADICTIONS if (c.table, c.system) == (table, system))


def other_test_sets_in_words(numbers: Iterable[str] = ANNOTATION_TABLES) -> tuple[str, ...]:
    """Describes each group of printed rows that comes from another test set than the paper's.

    Args:
        numbers: the Roman numbers of the tables to look at.

    Returns:
        One sentence per group, without a full stop.
    """
    return tuple(map(_test_set, other_test_sets(numbers)))


def _contradiction(cell: Inconsistency) -> Contradiction:
    row, score = cell.row, cell.disagreement.score
    return Contradiction(row.table, row.system, score, f"{_against(cell)}; {_explanation(cell)}")


def _against(cell: Inconsistency) -> str:
    row, score = cell.row, cell.disagreement.score
    scores = [*PARTS.get(score, ()), score]
    *others, last = [f"{SYMBOLS[name]} {row.printed[name]}" for name in scores]
    printed = f"{', '.join(others)} and {last}" if others else last
    low, high = cell.disagreement.recomputed.rounded()
    source = " (its source gave one decimal)" if row.decimals == 1 else ""
    return (
        f"Table {row.table} prints {printed} for {row.system}{source}, but the others give "
        f"{SYMBOLS[score]} {low:.3f} to {high:.3f}"
    )


def _explanation(cell: Inconsistency) -> str:
    slip = cell.search.likely
    if slip is not None:
        symbol = SYMBOLS[slip.score]
        return f"{symbol} {slip.printed} is likely {slip.corrected} ({cell.why()})"
    fitting = len(cell.search.fitting)
    return (
        f"{fitting} one-digit changes of the row would fit, so none is likely"
        if fitting
        else "no one-digit slip fits"
    )


def _test_set(other: OtherTestSet) -> str:
    rows = ", ".join(f"{measured.row.system} ({measured.labels.middle:.2f})" for measured in other.rows)
    own = own_labels_per_image(other.dataset).middle
    opening = (
        f"Table {other.rows[0].row.table}: {rows}: labels per image where the paper's own rows have {own:.3f}"
    )
    if other.split is None:
        return f"{opening}; another test set of {DATASETS[other.dataset].title}, which one is not known"
    fit = {True: "which fits", False: "which does not fit", None: "which their number cannot confirm"}[
        other.fits
    ]
    split = f"{other.split.train:,}/{other.split.test:,} images"
    return f"{opening}; their studies split {split}, {fit}: {other.split.evidence}"


CONTRADICTIONS = tuple(map(_contradiction, inconsistencies()))
"""All contradictions, by table and row."""
