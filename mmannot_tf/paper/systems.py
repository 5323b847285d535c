"""The compared systems beside Tables III and IV: ours all on one run, the printed ones of many papers."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from mmannot_tf.paper.audit import likely_corrections
from mmannot_tf.paper.compare import uncertainty_of
from mmannot_tf.paper.contradictions import about, other_test_sets_in_words
from mmannot_tf.paper.tables import PublishedRow, table

Number = Literal["III", "IV"]

_OURS = {"Ours": "MS-CNN+Tags+LQP"}

HERE = (
    "here: one backbone, one split and one evaluation for all rows, so they are comparable with each other; "
    "each row is a re-statement, and `mmannot methods` says what differs from the original"
)
PUBLISHED = (
    "published: numbers from the systems' own papers, networks and test sets, as Table {number} prints them; "
    "not comparable with each other digit by digit, nor with those here"
)


def our_name(system: str) -> str:
    """The row of Tables I and II that Tables III and IV print as "Ours"; any other system's own name."""
    return _OURS.get(system, system)


def compare_systems(evaluation: Mapping[str, Any], number: Number) -> dict[str, Any]:
    """Sets an evaluation's rows of the compared systems beside Table III or IV.

    Args:
        evaluation: what `mmannot_tf.evaluation.rows.evaluate` returned.
        number: of the table.

    Returns:
        A JSON document {"table", "split", "images", "rows", "notes", "uncertainty"}. A row is {"system",
        "source", "multi_modal", "quantity_prediction", "here", "published", "corrected", "notes"}: the
        printed rows in their order, then later work's. "here" is None where the run has no such row, the
        printed numbers are None of later work, and "corrected" holds what the audit takes for slips.
    """
    here = {row["method"]: row for row in evaluation["rows"]}
    printed = [_printed(row, here.get(our_name(row.system))) for row in table(number)]
    later = [_later(row) for row in here.values() if row["source"] == "later"]
    return {
        "table": number,
        "split": evaluation["split"],
        "images": evaluation["images"],
        "rows": printed + later,
        "notes": [HERE, PUBLISHED.format(number=number), *other_test_sets_in_words([number])],
        "uncertainty": uncertainty_of(evaluation),
    }


def _printed(row: PublishedRow, here: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "system": row.system,
        "source": "paper",
        "multi_modal": row.multi_modal,
        "quantity_prediction": row.quantity_prediction,
        "here": here and _scores(here),
        "published": asdict(row.scores),
        "corrected": likely_corrections(row.table, row.system) or None,
        "notes": list(about(row.table, row.system)),
    }


def _later(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "system": row["method"],
        "source": "later",
        "multi_modal": False,
        "quantity_prediction": row["selection"] == "threshold",
        "here": _scores(row),
        "published": None,
        "corrected": None,
        "notes": [],
    }


def _scores(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, int | float)}
