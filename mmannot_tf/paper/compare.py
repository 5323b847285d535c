"""Our rows next to the printed ones, with the reasons why a pair is not comparable."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from mmannot_tf.evaluation.document import INLINE
from mmannot_tf.evaluation.results import Evaluation, RowUncertainty
from mmannot_tf.paper.audit import likely_corrections
from mmannot_tf.paper.comparability import RunFacts, reasons_against
from mmannot_tf.paper.contradictions import about
from mmannot_tf.paper.tables import PublishedDataset, paper_tables_for, quantity_table, table

Scores = Mapping[str, float]

NO_SUCH_ROW_OF_OURS = "this run has no such row: it lacks a stage of the row, or has not trained it"
NO_SUCH_ROW_OF_THEIRS = "the paper prints no such row"
NEAR_ORACLE_TAGS = (
    "MS-COCO's tags are words of the image's own captions, written by people who name its objects: "
    "near-oracle side information, in the paper as here"
)


@dataclass(frozen=True)
class Pair:
    """A row of ours and a printed row.

    Attributes:
        ours: the run's scores; None where it lacks the row.
        paper: the scores as printed; None where the paper prints no such row.
        corrected: the scores that the audit takes for slips, as they likely were; None where there are none.
        difference: ours minus the corrected number, or minus the printed one where none is corrected; None
            where either side lacks the row.
        comparable: whether there are no `reasons` against it.
        reasons: why the pair is not comparable.
        comparability: both in one line.
    """

    ours: Scores | None
    paper: Scores | None
    corrected: Scores | None
    difference: Scores | None
    comparable: bool
    reasons: tuple[str, ...]
    comparability: str


@dataclass(frozen=True)
class ComparedRow:
    """A row of Table I or II; `notes` are what else to know of it."""

    method: str
    pair: Pair = field(metadata=INLINE)
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ComparedQuantity:
    """A row of Table V or VI."""

    features: str
    pair: Pair = field(metadata=INLINE)


@dataclass(frozen=True)
class Comparison:
    """An evaluation compared with Tables I and V, or II and VI.

    Attributes:
        tables: their Roman numbers.
        split: the split evaluated.
        images: how many images it has.
        rows: the printed rows in their order, then those that only the run has.
        quantity: of the label quantities, likewise.
        notes: what to know of all rows.
        uncertainty: of the run's rows; None where it was not measured.
    """

    tables: tuple[str, str]
    split: str
    images: int
    rows: tuple[ComparedRow, ...]
    quantity: tuple[ComparedQuantity, ...]
    notes: tuple[str, ...]
    uncertainty: RowUncertainty | None


def compare(evaluation: Evaluation, facts: RunFacts) -> Comparison:
    """Compares an evaluation with the printed tables of its data set.

    Args:
        evaluation: of one split.
        facts: of the run it belongs to.
    """
    published = paper_tables_for(facts.source)
    reasons = tuple(reasons_against(facts))
    own = {row.method: row.measures for row in evaluation.rows if row.source in ("paper", "ours")}
    quantities = {row.features: row.measures for row in evaluation.quantity}
    corrected = {method: likely_corrections(published.methods, method) for method in _methods(published)}
    return Comparison(
        tables=(published.methods, published.quantities),
        split=evaluation.split,
        images=evaluation.images,
        rows=tuple(
            ComparedRow(method, pair, about(published.methods, method))
            for method, pair in _pairs(own, _methods(published), corrected, reasons)
        ),
        quantity=tuple(
            ComparedQuantity(features, pair)
            for features, pair in _pairs(quantities, _quantities(published), {}, reasons)
        ),
        notes=(NEAR_ORACLE_TAGS,) if facts.source == "mscoco" else (),
        uncertainty=evaluation.uncertainty,
    )


def _methods(published: PublishedDataset) -> dict[str, Scores]:
    return {row.system: asdict(row.scores) for row in table(published.methods)}


def _quantities(published: PublishedDataset) -> dict[str, Scores]:
    return {row.features: asdict(row.scores) for row in quantity_table(published.quantities)}


def _pairs(
    ours: Mapping[str, Scores],
    printed: Mapping[str, Scores],
    corrected: Mapping[str, Scores],
    reasons: tuple[str, ...],
) -> Iterable[tuple[str, Pair]]:
    """The printed rows in their order, each with ours; then the rows that only we have."""
    for name in dict.fromkeys([*printed, *ours]):
        yield name, _pair(ours.get(name), printed.get(name), corrected.get(name), reasons)


def _pair(
    ours: Scores | None, paper: Scores | None, corrected: Scores | None, reasons: tuple[str, ...]
) -> Pair:
    """One comparison; `reasons` are the run's, which matter only where both have the row."""
    difference = None
    if ours is None:
        reasons = (NO_SUCH_ROW_OF_OURS,)
    elif paper is None:
        reasons = (NO_SUCH_ROW_OF_THEIRS,)
    else:
        theirs = {**paper, **(corrected or {})}
        difference = {score: ours[score] - value for score, value in theirs.items()}
    return Pair(
        ours=ours,
        paper=paper,
        corrected=corrected or None,
        difference=difference,
        comparable=not reasons,
        reasons=reasons,
        comparability=f"not comparable: {'; '.join(reasons)}" if reasons else "comparable",
    )
