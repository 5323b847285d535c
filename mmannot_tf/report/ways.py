"""The comparison of ways to decide, for the terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.ways import CHOSEN_BY, WayComparison
from mmannot_tf.report.cells import QUANTITY, interval_cell, score_cells
from mmannot_tf.report.tables import GroupedTable, RowGroup
from mmannot_tf.report.terminal import narrow_table

CONVENTION = (
    "0/0 is 0 in the measures; the expected F1 of an image counts as 1 where it has no label and gets none. "
    "Thresholds may give an image no label."
)
_SIGNIFICANT = 0.05


def render_ways(comparison: WayComparison) -> Group:
    """A row a way; then which is best, by how much, and whether that is beyond noise."""
    values = ways_table(comparison)
    name, _, *heads = values.heads
    table: Table = narrow_table(name, heads, title=values.title)
    for row in values.groups:
        table.add_row(Text(row.name), *row.lines[0][1])
    return Group(table, *(Text(line) for line in sentences(comparison)))


def ways_table(comparison: WayComparison) -> GroupedTable:
    """A row a way: the three F1, how often the number of labels is right, and the error of its estimate."""
    heads = {**{measure: SYMBOLS[measure] for measure in CHOSEN_BY}, **QUANTITY}
    fitted = "each fifth by ways fitted on the rest"
    if not comparison.is_crossed:
        fitted = f"ways fitted on {comparison.fitted_on:,} others"
    groups = []
    for row in comparison.rows:
        scores = {measure: getattr(row.scores, measure) for measure in CHOSEN_BY}
        cells = score_cells({**scores, "accuracy": row.quantity.accuracy, "mse": row.quantity.mse}, heads)
        groups.append(RowGroup(row.title, [("", cells)]))
    title = f"{comparison.scorer}: {comparison.images:,} images, {fitted}, percent"
    return GroupedTable(title, ["way", "", *heads.values()], groups)


def sentences(comparison: WayComparison) -> list[str]:
    """The best way by each measure, and how well probabilities are calibrated."""
    return [
        *(_best_in_words(comparison, measure) for measure in CHOSEN_BY),
        _calibration_in_words(comparison),
    ]


def _best_in_words(comparison: WayComparison, measure: str) -> str:
    best, reference = comparison.best(measure), comparison.row(comparison.reference)
    there = "here" if comparison.is_crossed else "on the images for fitting"
    if comparison.beta != 1:
        return (
            f"Best for {SYMBOLS[measure]} with beta = {comparison.beta:g} in the place of 1, {there}: "
            f"{best.title}, {best.validation[measure]:.2f}; {reference.title} has "
            f"{reference.validation[measure]:.2f}."
        )
    line = f"Best for {SYMBOLS[measure]} {there}: {best.title}"
    if best.way == reference.way:
        return f"{line}, which the others are compared with."
    if not comparison.is_crossed:
        line += (
            f", {best.validation[measure] - reference.validation[measure]:+.2f}; on the images of this table"
        )
    difference = getattr(best.scores, measure) - getattr(reference.scores, measure)
    line += f" {difference:+.2f}" + _noise_in_words(comparison, best.way, measure)
    return f"{line}, against {reference.title}."


def _noise_in_words(comparison: WayComparison, way: str, measure: str) -> str:
    """The interval of a difference and what the test says; nothing without resampling."""
    for pair in comparison.pairs:
        if (pair.a, pair.measure) == (way, measure):
            beyond = "beyond noise" if pair.p < _SIGNIFICANT else "within noise"
            return f" {interval_cell(pair.interval, '+')}, p = {pair.p:.3f} ({beyond})"
    return ""


def _calibration_in_words(comparison: WayComparison) -> str:
    before, after = comparison.uncalibrated_error, comparison.calibration_error
    as_they_are = "the scores are no probabilities" if before is None else f"{before:.2f} % as they are"
    return f"Calibration error: {after:.2f} % (method: {comparison.calibrated}; {as_they_are})."
