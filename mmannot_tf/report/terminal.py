"""Evaluations, comparisons, ablations and the paper's printed tables, for the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.ablation.effects import Effect, Measure
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.results import Evaluation, RowUncertainty, ScoredRow, TagGroup
from mmannot_tf.paper.audit import inconsistencies
from mmannot_tf.paper.compare import Comparison, Scores
from mmannot_tf.paper.contradictions import CONTRADICTIONS, other_test_sets_in_words
from mmannot_tf.paper.labels_per_image import K
from mmannot_tf.paper.other_test_sets import measured_rows
from mmannot_tf.paper.systems import ComparedSystems
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS, quantity_table, table
from mmannot_tf.report.cells import MAP, MARKS, QUANTITY, ablation_columns, effect_cells, score_cells
from mmannot_tf.report.remarks import (
    LATER,
    MEANINGS,
    UNCERTAINTY,
    remarks,
    system_notes,
    unknown_in_words,
)
from mmannot_tf.report.tables import GroupedTable, interval_tables, own_tables, systems_table
from tfrecords_tools.shell.counted import counted

MARK = "*"
"""Behind a printed number that its row contradicts."""


def render_scores(evaluation: Evaluation) -> Group:
    """An evaluation's rows, 2 decimals, MSE 3; the marks of its rows; the readings in force."""
    sizes = f"{counted(evaluation.images, 'image')}, {counted(evaluation.classes, 'label')}"
    title = f"{evaluation.split}: {sizes}, percent"
    rows = [(_name_of_row(row), row.measures) for row in evaluation.rows]
    quantities = [(row.features + MARKS.get(row.source, ""), row.measures) for row in evaluation.quantity]
    tables = [_scores_table("method", rows, {**SYMBOLS, **MAP}, title=title)]
    if quantities:
        tables.append(_scores_table("features", quantities, QUANTITY, title="label quantity"))
    if evaluation.by_known_tags:
        tables.append(_known_tags_table(evaluation.by_known_tags))
    readings = ", ".join(f"{key} {value}" for key, value in evaluation.readings.items())
    sources = [row.source for row in evaluation.rows] + [row.source for row in evaluation.quantity]
    marks = [
        Text(f"{MARKS[source].strip()} {MEANINGS[source]}")
        for source in dict.fromkeys(sources)
        if source in MARKS
    ]
    unknown = unknown_in_words(evaluation.unknown, images=evaluation.images, classes=evaluation.classes)
    lines = [Text(unknown)] if unknown else []
    return Group(*tables, *marks, *lines, Text(f"Readings of the paper: {readings}"))


def render_comparison(comparison: Comparison) -> Group:
    """Up to four lines a row: ours, the paper's, its corrected scores, the difference; then remarks."""
    methods, quantities = comparison.tables
    titles = (f"beside Table {methods}, percent", f"label quantity beside Table {quantities}")
    tables = [
        _grouped_table(table, title=title, sections=True)
        for table, title in zip(own_tables(comparison), titles, strict=False)
    ]
    lines = (Text(f"· {line}") for line in remarks(comparison))
    return Group(*tables, Text("To be compared digit by digit, row by row:"), *lines)


def render_systems(systems: ComparedSystems) -> Group:
    """Up to three lines a system: here, published, its corrected scores; then notes."""
    title = f"beside Table {systems.table}, {systems.images:,} images, {systems.classes:,} labels, percent"
    lines = [Text(LATER), *(Text(f"· {note}") for note in system_notes(systems))]
    return Group(_grouped_table(systems_table(systems), title=title, sections=True), *lines)


def render_uncertainty(uncertainty: RowUncertainty | None) -> list[Table | Text]:
    """I-F1 and H-F1 with their intervals, the pairs of rows, and how to read them; nothing without them."""
    if uncertainty is None:
        return []
    resampling = uncertainty.tests.resampling
    titles = (
        f"{resampling.confidence:g} % intervals over {resampling.draws:,} bootstrap resamples",
        "pairs of rows, percentage points",
    )
    tables = [
        _grouped_table(table, title=title, sections=False)
        for table, title in zip(interval_tables(uncertainty), titles, strict=False)
    ]
    return [*tables, Text(UNCERTAINTY)]


def render_effects(effects: Sequence[Effect], measure: Measure, *, seeds: int) -> Table:
    """A row a variant, a column a method."""
    title = f"{measure}, percent: mean ± standard deviation over {seeds} seeds"
    shown = Table("reading", title=title)
    for column in ablation_columns(effects):
        shown.add_column(column, justify="right")
    for row in effect_cells(effects, measure):
        shown.add_row(*row)
    return shown


def render_tables(numbers: Iterable[str], *, marked: bool) -> Group:
    """The tables as printed.

    Args:
        numbers: Roman numbers.
        marked: whether to add `MARK` to the numbers that their rows contradict.
    """
    marks = {(cell.row.table, cell.row.system, cell.disagreement.score) for cell in inconsistencies()}
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


def _name_of_row(row: ScoredRow) -> str:
    """A row's name with its mark, and the threshold where it was chosen."""
    chosen = (
        f" {row.threshold:.3g}"
        if row.threshold is not None and f"{row.threshold:g}" not in row.method
        else ""
    )
    return row.method + chosen + MARKS.get(row.source, "")


def _scores_table(
    name: str, rows: Sequence[tuple[str, Scores]], heads: Mapping[str, str], *, title: str
) -> Table:
    """The paper's columns, and mAP where some row has it."""
    heads = {
        key: head for key, head in heads.items() if key not in MAP or any(key in scores for _, scores in rows)
    }
    shown = narrow_table(name, heads.values(), title=title)
    for row, scores in rows:
        shown.add_row(Text(row), *score_cells(scores, heads))
    return shown


def _known_tags_table(groups: Sequence[TagGroup]) -> Table:
    """I-F1 of each row over the images with so many known tags."""
    heads = [f"{group.known_tags}\n({group.images:,})" for group in groups]
    shown = narrow_table("method", heads, title="I-F1 by number of known tags (images)")
    for rows in zip(*(group.rows for group in groups), strict=True):
        name = rows[0].method + MARKS.get(rows[0].source, "")
        shown.add_row(Text(name), *(f"{row.scores.image_f1:.2f}" for row in rows))
    return shown


def _grouped_table(table: GroupedTable, *, title: str, sections: bool) -> Table:
    """A table of rows with several lines, separated where `sections`; a single kind of line has no column."""
    name, *heads = table.heads
    kinds = any(kind for group in table.groups for kind, _ in group.lines)
    shown = narrow_table(name, heads if kinds else heads[1:], title=title)
    for group in table.groups:
        for place, (kind, cells) in enumerate(group.lines, 1):
            first = group.name if place == 1 else ""
            row = [first, kind, *cells] if kinds else [first, *cells]
            shown.add_row(*map(Text, row), end_section=sections and place == len(group.lines))
    return shown


def narrow_table(name: str, heads: Iterable[str], *, title: str) -> Table:
    """A table that fits 80 columns: a long name wraps, a number never does."""
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    shown.add_column(name.capitalize())
    for head in heads:
        shown.add_column(head, justify="right", no_wrap=True)
    return shown


def _annotation_table(number: str, marks: set[tuple[str, str, str]]) -> Table:
    shown = narrow_table(
        "system", ["Tags", "LQP", *SYMBOLS.values()], title=f"Table {number}: {_title(number)}, percent"
    )
    for row in table(number):
        numbers = (row.printed[score] + MARK * ((number, row.system, score) in marks) for score in SYMBOLS)
        shown.add_row(Text(row.system), _yes(row.multi_modal), _yes(row.quantity_prediction), *numbers)
    return shown


def _quantity_table(number: str) -> Table:
    shown = narrow_table("features", QUANTITY.values(), title=f"Table {number}: {_title(number)}, quantity")
    for row in quantity_table(number):
        shown.add_row(Text(row.features), f"{row.scores.accuracy:.2f}", f"{row.scores.mse:.3f}")
    return shown


def _labels_table(numbers: tuple[str, ...]) -> Table:
    heads = ["Table", "Labels per image", "The paper's test set"]
    shown = narrow_table(
        "system", heads, title=f"Labels per image, {K} I-P / I-R of the rows of fixed k = {K}"
    )
    for measured in measured_rows(numbers):
        low, high = measured.labels.rounded()
        same = _yes(measured.is_of_the_papers_test_set())
        shown.add_row(Text(measured.row.system), measured.row.table, f"{low:.3f} to {high:.3f}", same)
    return shown


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _title(number: str) -> str:
    datasets = [row.dataset for row in table(number)] + [row.dataset for row in quantity_table(number)]
    return DATASETS[datasets[0]].title
