"""The page that `mmannot report` writes: one file that needs nothing else."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.table import QUANTITY, SIDES, numbers, remarks
from mmannot_tf.evaluation.uncertainty import MEASURES
from mmannot_tf.evaluation.uncertainty_table import EXPLANATION, bounds
from mmannot_tf.paper.readings import departures, in_force
from mmannot_tf.report.findings import MOST, Findings
from mmannot_tf.report.pictures import Picture, pictures
from mmannot_tf.report.plots import class_plot, confusion_plot, curve_plots, together_plot
from mmannot_tf.report.provenance import provenance
from tfrecords_tools.errors import UserError
from tfrecords_tools.files import write_text
from tfrecords_tools.html import check_page, render
from tfrecords_tools.records import Records

TEMPLATE = "page.html.j2"
CLASSES = 120
"""Classes whose bars are drawn, at most; the table has all."""
TAGS = 24
"""Of an image, at most."""
KINDS = {
    "best": "Best: the annotations agree with the ground truth.",
    "between": "Between: evenly spread over the ranking of all images.",
    "worst": "Worst: the least agreement.",
}


def page_in(out: Path, records: Records | None) -> Path:
    """The page's file in a folder; to be asked before the work that fills it.

    Raises:
        UserError: a package is missing, `out` is a file, or the page would lie among the records.
    """
    if out.is_file():
        raise UserError(f"--out must be a folder. Received: {out}, a file. Name another place.")
    check_page(out / "index.html", records)
    return out / "index.html"


def write_page(
    path: Path, found: Findings, comparison: Mapping[str, Any], *, records: Records | None
) -> None:
    """Writes the page, aside and renamed.

    Args:
        path: the HTML file.
        found: what it shows.
        comparison: of the same split, from `mmannot_tf.paper.compare.compare`.
        records: where the pictures are; None where they are not at hand.

    Raises:
        UserError: an image that it would show is corrupt.
    """
    ids = [case.id for cases in found.cases.values() for case in cases]
    shown = pictures(records, comparison["split"], ids) if records else {}
    write_text(path, page(found, comparison, shown))


def page(found: Findings, comparison: Mapping[str, Any], shown: Mapping[str, Picture]) -> str:
    """The page's HTML; the same values give the same bytes.

    Args:
        found: what it shows.
        comparison: of the same split.
        shown: images by id; one that is lacking is named without a picture.
    """
    return render(
        __package__,
        TEMPLATE,
        name=found.run.path.resolve().name,
        found=found,
        comparison=comparison,
        tables=_tables(comparison),
        remarks=remarks(comparison),
        intervals=_intervals(comparison["uncertainty"]),
        explanation=EXPLANATION,
        departures=departures(in_force(found.run.config)),
        provenance=provenance(found),
        kinds=KINDS,
        pictures=shown,
        most_tags=TAGS,
        classes_drawn=min(CLASSES, len(found.classes)),
        quantities={features: _quantities(len(counts)) for features, counts in found.confusions.items()},
        plots=_plots(found),
        version=version("mmannot-tf"),
    )


def _tables(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables beside the paper's: title, heads, and rows of (name, side, cells)."""
    methods, quantities = comparison["tables"]
    parts = (
        ("method", "rows", SYMBOLS, f"Beside Table {methods}, percent"),
        ("features", "quantity", QUANTITY, f"Label quantity beside Table {quantities}"),
    )
    return [
        {
            "title": title,
            "heads": [name, "", *heads.values()],
            "rows": [
                (pair[name], side, words, numbers(pair[side], heads, signed=side == "difference"))
                for pair in comparison[part]
                for side, words in SIDES.items()
                if pair[side] is not None
            ],
        }
        for name, part, heads, title in parts
        if comparison[part]
    ]


def _intervals(uncertainty: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Intervals of the rows, then the pairs of rows; nothing where none were made."""
    if uncertainty is None:
        return []
    rows = [
        (row["method"], [f"{row[name]:.2f} {bounds(row['intervals'][name])}" for name in MEASURES])
        for row in uncertainty["rows"]
    ]
    pairs = [
        (
            f"{pair['a']} over {pair['b']}",
            [
                SYMBOLS[pair["measure"]],
                f"{pair['difference']:+.2f} {bounds(pair['interval'], '+')}",
                f"{pair['p']:.3f}",
            ],
        )
        for pair in uncertainty["pairs"]
    ]
    tables = [
        {"heads": ["method", *(f"{SYMBOLS[name]} [low, high]" for name in MEASURES)], "rows": rows},
        {"heads": ["pair", "measure", "difference [low, high]", "p"], "rows": pairs},
    ]
    return [table for table in tables if table["rows"]]


def _quantities(count: int) -> list[str]:
    """The names of the quantities 0 … count - 1, of which `MOST` holds all above."""
    return [f"{MOST}+" if quantity == MOST else str(quantity) for quantity in range(count)]


def _plots(found: Findings) -> dict[str, Any]:
    from markupsafe import Markup  # text in an SVG is escaped by Matplotlib

    return {
        "classes": Markup(class_plot(found.classes[:CLASSES])),
        "curves": {curve.stage: [Markup(svg) for svg in curve_plots(curve)] for curve in found.curves},
        "confusions": {
            features: Markup(confusion_plot(counts, _quantities(len(counts))))
            for features, counts in found.confusions.items()
        },
        "true": Markup(together_plot(found.true_shares, found.frequent)),
        "annotated": Markup(together_plot(found.annotated_shares, found.frequent)),
    }
