"""Tables in Markdown."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict

from mmannot_tf.ablation.effects import Effect, Measure
from mmannot_tf.evaluation.averages import AveragedRow, AveragedWay, AveragedWays, Averages
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.report.cells import MAP, QUANTITY, ablation_columns, effect_cells
from mmannot_tf.report.remarks import unknown_in_words
from tfrecords_tools.shell.counted import counted

SPREADS = ("image_f1", "harmonic_f1")
"""The table shows the spread of these; the JSON document has the others'."""


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1) -> str:
    """A Markdown table.

    Args:
        heads: of the columns.
        rows: their cells.
        text_columns: how many columns, from the left, hold text; the others hold numbers, aligned right.
    """
    rules = "---|" * text_columns + "---:|" * (len(heads) - text_columns)
    return "\n".join([_line(heads), f"|{rules}", *map(_line, rows)]) + "\n"


def averages_table(averages: Averages, printed: Mapping[str, Mapping[str, float]]) -> str:
    """A table of every row's means, 1 decimal, of several runs ± the standard deviation of I-F1 and H-F1.

    The last column is mAP, where some row has it.

    Args:
        averages: of one run or more.
        printed: method → its printed scores, for brackets; may lack any.
    """
    spreads = SPREADS if averages.runs > 1 else ()
    rows = [[row.method, *_average_cells(row, spreads, printed.get(row.method, {}))] for row in averages.rows]
    precisions = [row.mean_average_precision for row in averages.rows]
    heads = ["", *SYMBOLS.values()]
    if any(precision is not None for precision in precisions):
        heads += MAP.values()
        for row, precision in zip(rows, precisions, strict=True):
            row.append("" if precision is None else f"{precision:.1f}")
    return markdown_table(heads, rows)


def ways_tables(compared: Sequence[AveragedWays]) -> list[str]:
    """For each scorer a sentence, and a table of the means of its ways, with their spread over runs."""
    return [
        f"{of_scorer.scorer}: {counted(of_scorer.images, 'image')}, ways fitted on {of_scorer.fitted_on:,}, "
        f"{counted(of_scorer.runs, 'run')}, percent.\n\n"
        + markdown_table(_way_heads(of_scorer), [[row.title, *_way_cells(row)] for row in of_scorer.rows])
        for of_scorer in compared
    ]


def _way_heads(of_scorer: AveragedWays) -> list[str]:
    """The measures of the ways; those of the quantity where it is known of some image."""
    names = {**SYMBOLS, **QUANTITY}
    return ["", *(names[measure] for measure in of_scorer.rows[0].means)]


def _way_cells(row: AveragedWay) -> list[str]:
    cells = []
    for name, mean in row.means.items():
        digits = 2 if name == "mse" else 1
        spread = f" ± {row.spread[name]:.{digits}f}" if any(row.spread.values()) else ""
        cells.append(f"{mean:.{digits}f}{spread}")
    return cells


def averages_caption(averages: Averages, *, tagged: bool = False) -> str:
    """What the averages are of, one sentence; `tagged` says that images without a known tag were left out."""
    runs = "One run" if averages.runs == 1 else f"Means of {averages.runs} runs"
    images = f"{counted(averages.images, 'image')} of {averages.split}{' with a known tag' if tagged else ''}"
    unknown = unknown_in_words(averages.unknown, images=averages.images, classes=averages.classes)
    labels = counted(averages.classes, "label")
    return f"{runs}, {images}, {labels}, percent.{' ' * bool(unknown)}{unknown}"


def quantities_table(averages: Averages) -> str:
    """Accuracy and MSE of the label quantity, of several runs ± their standard deviation."""
    rows = []
    for row in averages.quantity:
        spread = row.spread if averages.runs > 1 else None
        accuracy = f"{row.means.accuracy:.1f}" + (f" ± {spread.accuracy:.1f}" if spread else "")
        error = f"{row.means.mse:.2f}" + (f" ± {spread.mse:.2f}" if spread else "")
        rows.append([row.features, accuracy, error])
    return markdown_table(["label quantity on", *QUANTITY.values()], rows)


def effects_table(effects: Sequence[Effect], measure: Measure) -> str:
    """A row a variant, a column a method: mean ± spread of one measure over seeds."""
    rows = [[f"`{name}`", *cells] for name, *cells in effect_cells(effects, measure)]
    return markdown_table(["", *ablation_columns(effects)], rows)


def _average_cells(
    row: AveragedRow, with_spread: Container[str], printed: Mapping[str, float]
) -> Iterable[str]:
    means, spreads = asdict(row.means), asdict(row.spread)
    for measure in SYMBOLS:
        spread = f" ± {spreads[measure]:.1f}" if measure in with_spread else ""
        bracket = f" ({printed[measure]:.1f})" if measure in printed else ""
        yield f"{means[measure]:.1f}{spread}{bracket}"


def _line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"
