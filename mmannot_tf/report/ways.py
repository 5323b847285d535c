"""The comparison of ways to decide, for the terminal."""

from dataclasses import asdict

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.ways import CHOSEN_BY, WayComparison, WayRow
from mmannot_tf.report.cells import BIASED, QUANTITY, interval_cell, score_cells
from mmannot_tf.report.tables import GroupedTable, RowGroup
from mmannot_tf.report.terminal import narrow_table
from tfrecords_tools.shell.counted import counted

CONVENTION = (
    "A measure that is 0/0 counts as 0. Ways that maximise an expected F1 count it as 1 for an image that "
    "has no label and gets none. Thresholds may give an image no label."
)


def render_ways(comparison: WayComparison) -> Group:
    """A row a way; then which is best, by how much, and whether that is beyond noise."""
    values = ways_table(comparison)
    first, _, *heads = values.heads
    table: Table = narrow_table(first, heads, title=values.title)
    for row in values.groups:
        name, cells = row.lines[0]
        table.add_row(Text(name), *cells)
    return Group(table, *(Text(line) for line in sentences(comparison)))


def ways_table(comparison: WayComparison) -> GroupedTable:
    """A row a way: the three F1, how often the number of labels is right, and the error of its estimate."""
    heads = {measure: SYMBOLS[measure] for measure in CHOSEN_BY}
    if any(row.quantity is not None for row in comparison.rows):
        heads |= QUANTITY
    fitted = "each fifth by ways fitted on the rest"
    if not comparison.is_crossed:
        fitted = f"ways fitted on {comparison.fitted_on:,} others"
    groups = []
    for row in comparison.rows:
        scores = {measure: getattr(row.scores, measure) for measure in CHOSEN_BY}
        quantity = {} if row.quantity is None else asdict(row.quantity)
        groups.append(RowGroup(row.title, [(row.way, score_cells({**scores, **quantity}, heads))]))
    title = f"{comparison.scorer}: {counted(comparison.images, 'image')}, {fitted}, percent"
    return GroupedTable(title, ["way", "name", *heads.values()], groups)


def sentences(comparison: WayComparison) -> list[str]:
    """The best way by each measure, and how well probabilities are calibrated."""
    return [
        *(_best_in_words(comparison, measure) for measure in CHOSEN_BY),
        _calibration_in_words(comparison),
    ]


def _best_in_words(comparison: WayComparison, measure: str) -> str:
    """The way with the highest measure where ways were fitted, and what it has on the images of the table."""
    best, reference = comparison.best(measure), comparison.row(comparison.reference)
    symbol = SYMBOLS[measure]
    if comparison.beta != 1:
        symbol = f"{symbol.replace('F1', 'F')} with beta = {comparison.beta:g}"
    line = f"Best for {symbol}: {best.title} ({best.way}"
    if best.way == reference.way:
        return f"{line}), which the others are compared with."
    fitted, own = best.validation[measure], reference.validation[measure]
    line += f"), by the images that ways are fitted on: {fitted:.2f}; {reference.title} has {own:.2f}."
    if comparison.beta != 1:
        return line
    where = "The" if comparison.is_crossed else "On the images of this table the"
    return f"{line} {where} difference is{_difference_in_words(comparison, best, measure)}."


def _difference_in_words(comparison: WayComparison, best: WayRow, measure: str) -> str:
    """How far the best way is from the one that it is compared with."""
    reference = comparison.row(comparison.reference)
    difference = getattr(best.scores, measure) - getattr(reference.scores, measure)
    return f" {difference:+.2f}" + _noise_in_words(comparison, best.way, measure)


def _noise_in_words(comparison: WayComparison, way: str, measure: str) -> str:
    """The interval of a difference and what the test says; nothing without resampling."""
    for pair in comparison.pairs:
        if (pair.a, pair.measure) == (way, measure):
            numbers = f" {interval_cell(pair.interval, '+')}{BIASED if pair.biased else ''}, p = {pair.p:.3f}"
            return f"{numbers} ({pair.noise})"
    return ""


def _calibration_in_words(comparison: WayComparison) -> str:
    before, after = comparison.uncalibrated_error, comparison.calibration_error
    as_they_are = "the scores are no probabilities" if before is None else f"{before:.2f} % as they are"
    return f"Calibration error: {after:.2f} % (method: {comparison.calibrated}; {as_they_are})."
