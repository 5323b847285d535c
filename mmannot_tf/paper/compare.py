"""Our rows beside the printed ones, with the reasons why a pair is not comparable."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from mmannot_tf.paper.audit import likely_corrections
from mmannot_tf.paper.comparability import RunFacts, reasons_against
from mmannot_tf.paper.contradictions import about
from mmannot_tf.paper.tables import PublishedDataset, beside, quantity_table, table

Scores = Mapping[str, float]

NO_SUCH_ROW_OF_OURS = "this run has no such row: not all of its stages were trained"
NO_SUCH_ROW_OF_THEIRS = "the paper prints no such row"
NEAR_ORACLE_TAGS = (
    "MS-COCO's tags are words of the image's own captions, written by people who name its objects: "
    "near-oracle side information, in the paper as here"
)


def compare(evaluation: Mapping[str, Any], facts: RunFacts) -> dict[str, Any]:
    """Sets an evaluation beside Tables I and V or II and VI.

    Args:
        evaluation: what `mmannot_tf.evaluation.rows.evaluate` returned.
        facts: of the run it belongs to.

    Returns:
        A JSON document {"tables", "split", "images", "rows", "quantity", "notes", "uncertainty"}. A row is
        {"method", "ours", "paper", "corrected", "difference", "comparable", "reasons", "comparability",
        "notes"}; one of "quantity" has "features" for "method" and no notes. "paper" is as printed;
        "corrected" holds the scores that the audit takes for slips, as they likely were, and is None where
        there are none. "difference" is ours minus the corrected number, or the printed one where none is
        corrected; None where either lacks the row. "comparable" is True where there are no "reasons" against
        it, and "comparability" says so in one line; "notes" are what else to know. "uncertainty" is the
        evaluation's rows with intervals, its pairs and how it resampled; None where it did not.
    """
    published = beside(facts.source)
    reasons = reasons_against(facts)
    own = [row for row in evaluation["rows"] if row["source"] in ("paper", "ours")]
    corrected = {method: likely_corrections(published.methods, method) for method in _methods(published)}
    return {
        "tables": [published.methods, published.quantities],
        "split": evaluation["split"],
        "images": evaluation["images"],
        "rows": [
            {**pair, "notes": list(about(published.methods, pair["method"]))}
            for pair in _pairs("method", own, _methods(published), corrected, reasons)
        ],
        "quantity": _pairs("features", evaluation["quantity"], _quantities(published), {}, reasons),
        "notes": [NEAR_ORACLE_TAGS] if facts.source == "mscoco" else [],
        "uncertainty": uncertainty_of(evaluation),
    }


def uncertainty_of(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The evaluation's rows with intervals, its pairs and how it resampled; None where it did not."""
    if "resampling" not in evaluation:
        return None
    return {name: evaluation[name] for name in ("rows", "pairs", "resampling")}


def _methods(published: PublishedDataset) -> dict[str, dict[str, float]]:
    return {row.system: asdict(row.scores) for row in table(published.methods)}


def _quantities(published: PublishedDataset) -> dict[str, dict[str, float]]:
    return {row.features: asdict(row.scores) for row in quantity_table(published.quantities)}


def _pairs(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    printed: Mapping[str, Scores],
    corrected: Mapping[str, Scores],
    reasons: list[str],
) -> list[dict[str, Any]]:
    """The printed rows in their order, ours beside them; then the rows only we have."""
    ours = {row[name]: {k: v for k, v in row.items() if isinstance(v, int | float)} for row in rows}
    return [
        {name: method, **_pair(ours.get(method), printed.get(method), corrected.get(method), reasons)}
        for method in dict.fromkeys([*printed, *ours])
    ]


def _pair(
    ours: Scores | None, paper: Scores | None, corrected: Scores | None, reasons: list[str]
) -> dict[str, Any]:
    """One comparison; `reasons` are the run's, which matter only where both have the row."""
    if ours is None:
        reasons = [NO_SUCH_ROW_OF_OURS]
    elif paper is None:
        reasons = [NO_SUCH_ROW_OF_THEIRS]
    both = ours is not None and paper is not None
    theirs = {**(paper or {}), **(corrected or {})}
    return {
        "ours": ours,
        "paper": paper,
        "corrected": corrected or None,
        "difference": {score: ours[score] - value for score, value in theirs.items()} if both else None,
        "comparable": not reasons,
        "reasons": list(reasons),
        "comparability": f"not comparable: {'; '.join(reasons)}" if reasons else "comparable",
    }
