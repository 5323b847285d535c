"""The compared systems and Tables III and IV: ours all on one run, the printed ones of many papers."""

from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar

from mmannot_tf.config.methods import COMPARED_SYSTEMS
from mmannot_tf.evaluation.averages import AveragedRow
from mmannot_tf.evaluation.results import Evaluation, RowUncertainty, ScoredRow, Source
from mmannot_tf.paper.audit import likely_corrections
from mmannot_tf.paper.compare import Scores
from mmannot_tf.paper.contradictions import about, other_test_sets_in_words
from mmannot_tf.paper.tables import PublishedRow, paper_tables_for, table

Number = Literal["III", "IV"]
AnyRow = TypeVar("AnyRow", ScoredRow, AveragedRow)
SYSTEM_TABLES = ("III", "IV")

_OURS = {"Ours": "MS-CNN+Tags+LQP"}
_READ_TAGS = {system.title for system in COMPARED_SYSTEMS if system.reads_tags}

HERE = (
    "here: one backbone, one split and one evaluation for all rows, so they are comparable with each other; "
    "each row is a re-statement, and `mmannot methods` says what differs from the original"
)
PUBLISHED = (
    "published: numbers from the systems' own papers, networks and test sets, as Table {number} prints them; "
    "not comparable with each other digit by digit, nor with those here"
)


@dataclass(frozen=True)
class SystemRow:
    """A compared system here and as published.

    Attributes:
        system: its name in the table.
        source: "paper" for printed rows, else the run's row's.
        multi_modal: it reads tags besides pixels.
        quantity_prediction: it decides how many labels to give.
        here: the run's scores; None where it lacks the row.
        published: the scores as printed; None where the table has none.
        corrected: the scores that the audit takes for slips, as they likely were; None where there are none.
        notes: what to know of the row.
    """

    system: str
    source: Source
    multi_modal: bool
    quantity_prediction: bool
    here: Scores | None
    published: Scores | None
    corrected: Scores | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ComparedSystems:
    """An evaluation's compared systems and those of Table III or IV.

    Attributes:
        table: "III" or "IV".
        split: the split evaluated.
        images: how many images it has.
        classes: how many labels the run has.
        rows: the printed rows in their order, then the run's systems that the table lacks, later work last.
        notes: what to know of all rows.
        uncertainty: of the run's rows; None where it was not measured.
    """

    table: Number
    split: str
    images: int
    classes: int
    rows: tuple[SystemRow, ...]
    notes: tuple[str, ...]
    uncertainty: RowUncertainty | None


def our_name(system: str) -> str:
    """The row of Tables I and II that Tables III and IV print as "Ours"; any other system's own name."""
    return _OURS.get(system, system)


def systems_of(evaluation: Evaluation, source: str) -> ComparedSystems | None:
    """Compares an evaluation with the table of compared systems that belongs to a source.

    Args:
        evaluation: of one split.
        source: the data set, as its records name it.

    Returns:
        None where the run has trained none of the systems.
    """
    trained = any(row.source in ("compared", "later") for row in evaluation.rows)
    return compare_systems(evaluation, paper_tables_for(source).systems) if trained else None


def compare_systems(evaluation: Evaluation, number: Number) -> ComparedSystems:
    """Compares an evaluation's rows of the compared systems with Table III or IV.

    Args:
        evaluation: of one split.
        number: of the table.
    """
    here = {row.method: row for row in evaluation.rows}
    names = [our_name(row.system) for row in table(number)]
    printed = [_printed(row, here.get(name)) for row, name in zip(table(number), names, strict=True)]
    others = [_unprinted(row, number) for row in unprinted_systems(evaluation.rows, names)]
    return ComparedSystems(
        table=number,
        split=evaluation.split,
        images=evaluation.images,
        classes=evaluation.classes,
        rows=(*printed, *others),
        notes=(HERE, PUBLISHED.format(number=number), *other_test_sets_in_words([number])),
        uncertainty=evaluation.uncertainty,
    )


def unprinted_systems(rows: Sequence[AnyRow], printed: Container[str]) -> list[AnyRow]:
    """The rows of compared systems that a table does not print; later work comes last."""
    return [
        row
        for source in ("compared", "later")
        for row in rows
        if row.source == source and row.method not in printed
    ]


def _printed(row: PublishedRow, here: ScoredRow | None) -> SystemRow:
    return SystemRow(
        system=row.system,
        source="paper",
        multi_modal=row.multi_modal,
        quantity_prediction=row.quantity_prediction,
        here=None if here is None else here.measures,
        published=asdict(row.scores),
        corrected=likely_corrections(row.table, row.system) or None,
        notes=about(row.table, row.system),
    )


def _unprinted(row: ScoredRow, number: Number) -> SystemRow:
    """A row of the run that the table lacks: of later work, of the other table, or with another selection."""
    system = row.method.partition(", ")[0]
    other_table = row.source == "compared" and row.method == system
    return SystemRow(
        system=row.method,
        source=row.source,
        multi_modal=system in _READ_TAGS,
        quantity_prediction=row.selection == "threshold",
        here=row.measures,
        published=None,
        corrected=None,
        notes=(f"{row.method}: Table {number} prints no such row",) if other_table else (),
    )
