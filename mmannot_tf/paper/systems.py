"""The compared systems beside Tables III and IV: ours all on one run, the printed ones of many papers."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from mmannot_tf.config.methods import COMPARED_SYSTEMS
from mmannot_tf.paper.audit import likely_corrections
from mmannot_tf.paper.compare import uncertainty_of
from mmannot_tf.paper.contradictions import about, other_test_sets_in_words
from mmannot_tf.paper.tables import PublishedRow, beside, table

Number = Literal["III", "IV"]
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


def our_name(system: str) -> str:
    """The row of Tables I and II that Tables III and IV print as "Ours"; any other system's own name."""
    return _OURS.get(system, system)


def systems_of(evaluation: Mapping[str, Any], source: str) -> dict[str, Any] | None:
    """Sets an evaluation beside the table of the compared systems that belongs to a source.

    Args:
        evaluation: what `mmannot_tf.evaluation.rows.evaluate` returned.
        source: the data set, as its records name it.

    Returns:
        What `compare_systems` returns; None where the run has trained none of the systems.
    """
    trained = any(row["source"] in ("compared", "later") for row in evaluation["rows"])
    return compare_systems(evaluation, beside(source).systems) if trained else None


def compare_systems(evaluation: Mapping[str, Any], number: Number) -> dict[str, Any]:
    """Sets an evaluation's rows of the compared systems beside Table III or IV.

    Args:
        evaluation: what `mmannot_tf.evaluation.rows.evaluate` returned.
        number: of the table.

    Returns:
        A JSON document {"table", "split", "images", "rows", "notes", "uncertainty"}. A row is {"system",
        "source", "multi_modal", "quantity_prediction", "here", "published", "corrected", "notes"}: the
        printed rows in their order, then the run's systems that the table does not print, later work last.
        "here" is None where the run has no such row, "published" where the table has none, and "corrected"
        holds what the audit takes for slips.
    """
    here = {row["method"]: row for row in evaluation["rows"]}
    names = [our_name(row.system) for row in table(number)]
    printed = [_printed(row, here.get(name)) for row, name in zip(table(number), names, strict=True)]
    others = [
        _unprinted(row, number)
        for source in ("compared", "later")
        for row in here.values()
        if row["source"] == source and row["method"] not in names
    ]
    return {
        "table": number,
        "split": evaluation["split"],
        "images": evaluation["images"],
        "rows": printed + others,
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


def _unprinted(row: Mapping[str, Any], number: Number) -> dict[str, Any]:
    """A row of the run that the table lacks: of later work, or a system that the other table prints."""
    later = row["source"] == "later"
    return {
        "system": row["method"],
        "source": row["source"],
        "multi_modal": row["method"] in _READ_TAGS,
        "quantity_prediction": row["selection"] == "threshold",
        "here": _scores(row),
        "published": None,
        "corrected": None,
        "notes": [] if later else [f"{row['method']}: Table {number} prints no such row"],
    }


def _scores(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, int | float)}
