"""The printed tables and their audit, for the terminal and as JSON values."""

from collections.abc import Iterable
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.table import narrow_table
from mmannot_tf.paper.audit import inconsistencies
from mmannot_tf.paper.contradictions import CONTRADICTIONS, other_test_sets_in_words
from mmannot_tf.paper.labels_per_image import K
from mmannot_tf.paper.other_test_sets import measured_rows
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS, quantity_table, table

MARK = "*"
"""Behind a number that its row contradicts."""


def tables_as_json(numbers: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Roman number → its rows, keyed by the heads as printed; scores in percent, MSE in labels squared."""
    return {number: [*_annotation_rows(number), *_quantity_rows(number)] for number in numbers}


def render_tables(numbers: Iterable[str], *, marked: bool) -> Group:
    """The tables as printed.

    Args:
        numbers: Roman numbers.
        marked: put `MARK` behind the numbers that their rows contradict.
    """
    marks = {(found.row.table, found.row.system, found.found.score) for found in inconsistencies()}
    return Group(
        *(
            _annotation_table(number, marks if marked else set())
            if number in ANNOTATION_TABLES
            else _quantity_table(number)
            for number in numbers
        )
    )


def render_audit(numbers: Iterable[str]) -> Group:
    """What the audit found in the tables, in sentences, and the labels per image of the rows of fixed k."""
    numbers = tuple(numbers)
    sentences = [c.text for c in CONTRADICTIONS if c.table in numbers]
    others = other_test_sets_in_words(numbers)
    return Group(
        Text(f"Contradictions ({len(sentences)}), each number taken as the interval it was rounded from:"),
        *(Text(f"{MARK} {sentence}.") for sentence in sentences),
        Text(),
        *([_labels_table(numbers)] if measured_rows(numbers) else []),
        *(Text(f"· {sentence}.") for sentence in others),
    )


def _annotation_rows(number: str) -> list[dict[str, Any]]:
    return [
        {
            "system": row.system,
            "multi_modal": row.multi_modal,
            "quantity_prediction": row.quantity_prediction,
            **{symbol: getattr(row.scores, score) for score, symbol in SYMBOLS.items()},
        }
        for row in (table(number) if number in ANNOTATION_TABLES else ())
    ]


def _quantity_rows(number: str) -> list[dict[str, Any]]:
    return [
        {"features": row.features, "accuracy": row.scores.accuracy, "mse": row.scores.mse}
        for row in quantity_table(number)
    ]


def _annotation_table(number: str, marks: set[tuple[str, str, str]]) -> Table:
    heads = {"multi_modal": "Tags", "quantity_prediction": "LQP", **SYMBOLS}
    shown = narrow_table("system", heads, title=f"Table {number}: {_title(number)}, percent")
    for row in table(number):
        numbers = (row.printed[score] + MARK * ((number, row.system, score) in marks) for score in SYMBOLS)
        shown.add_row(Text(row.system), _yes(row.multi_modal), _yes(row.quantity_prediction), *numbers)
    return shown


def _quantity_table(number: str) -> Table:
    heads = {"accuracy": "Accuracy (%)", "mse": "MSE"}
    shown = narrow_table("features", heads, title=f"Table {number}: {_title(number)}, quantity")
    for row in quantity_table(number):
        shown.add_row(Text(row.features), f"{row.scores.accuracy:.2f}", f"{row.scores.mse:.3f}")
    return shown


def _labels_table(numbers: tuple[str, ...]) -> Table:
    heads = {"table": "Table", "labels": "Labels per image", "own": "The paper's test set"}
    shown = narrow_table(
        "system", heads, title=f"Labels per image, {K} I-P / I-R of the rows of fixed k = {K}"
    )
    for measured in measured_rows(numbers):
        low, high = measured.labels.as_json()
        same = _yes(measured.is_of_the_papers_test_set())
        shown.add_row(Text(measured.row.system), measured.row.table, f"{low:.3f} to {high:.3f}", same)
    return shown


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _title(number: str) -> str:
    rows = [*table(number), *quantity_table(number)]
    return DATASETS[rows[0].dataset].title
