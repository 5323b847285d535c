"""The page that `mmannot report` writes: one file that needs nothing else."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmannot_tf.report.findings import MOST, Findings
from mmannot_tf.report.pictures import Picture, pictures
from mmannot_tf.report.plots import NAMES, class_plots, confusion_plot, curve_plots, together_plot
from mmannot_tf.report.provenance import provenance
from mmannot_tf.report.remarks import LATER, UNCERTAINTY, remarks, system_notes
from mmannot_tf.report.tables import interval_tables, own_tables, systems_table
from mmannot_tf.runs.stages import STAGES
from tfrecords_tools.pages.html import check_page, render
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_text

TEMPLATE = "page.html.j2"
CLASSES = 120
"""Classes whose bars are drawn, at most; the table has all."""
TAGS = 24
"""Of an image, at most."""
KINDS = {
    "best": "Best: the most agreement, and more labels before fewer",
    "between": "Between: evenly spread over the ranking of all images",
    "worst": "Worst: the least agreement, and more wrong and missed labels before fewer",
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
    path: Path,
    found: Findings,
    comparison: Mapping[str, Any],
    systems: Mapping[str, Any] | None,
    *,
    records: Records | None,
) -> None:
    """Writes the page, aside and renamed.

    Args:
        path: the HTML file.
        found: what it shows.
        comparison: of the same split, from `mmannot_tf.paper.compare.compare`.
        systems: of the same split, from `mmannot_tf.paper.systems.systems_of`; None for none.
        records: where the pictures are; None where they are not at hand.

    Raises:
        UserError: an image that it would show is corrupt.
    """
    ids = [case.id for cases in found.cases.values() for case in cases]
    shown = pictures(records, comparison["split"], ids) if records else {}
    write_text(path, page(found, comparison, systems, shown))


def page(
    found: Findings,
    comparison: Mapping[str, Any],
    systems: Mapping[str, Any] | None,
    shown: Mapping[str, Picture],
) -> str:
    """The page's HTML; the same values give the same bytes.

    Args:
        found: what it shows.
        comparison: of the same split.
        systems: of the same split; None where the run has none.
        shown: images by id; one that is lacking is named without a picture.
    """
    return render(
        __package__,
        TEMPLATE,
        name=found.run.path.resolve().name,
        found=found,
        comparison=comparison,
        tables=own_tables(comparison),
        corrected=any(row["corrected"] for row in comparison["rows"]),
        remarks=remarks(comparison),
        systems=systems and systems_table(systems),
        systems_remarks=_systems_remarks(systems) if systems else [],
        intervals=interval_tables(comparison["uncertainty"]),
        explanation=UNCERTAINTY,
        provenance=provenance(found),
        kinds=KINDS,
        pictures=shown,
        most_tags=TAGS,
        classes_drawn=min(CLASSES, len(found.classes)),
        quantities={features: _quantities(len(counts)) for features, counts in found.confusions.items()},
        own_stages=list(STAGES),
        measures=NAMES,
        plots=_plots(found),
        version=version("mmannot-tf"),
    )


def _systems_remarks(systems: Mapping[str, Any]) -> list[str]:
    later = any(row["source"] == "later" for row in systems["rows"])
    return [*system_notes(systems), *([LATER] if later else [])]


def _quantities(count: int) -> list[str]:
    """The names of the quantities 0 … count - 1, of which `MOST` holds all above."""
    return [f"{MOST}+" if quantity == MOST else str(quantity) for quantity in range(count)]


def _plots(found: Findings) -> dict[str, Any]:
    from markupsafe import Markup  # text in an SVG is escaped by Matplotlib

    return {
        "classes": [Markup(svg) for svg in class_plots(found.classes[:CLASSES])],
        "curves": {curve.stage: [Markup(svg) for svg in curve_plots(curve)] for curve in found.curves},
        "confusions": {
            features: Markup(confusion_plot(counts, _quantities(len(counts))))
            for features, counts in found.confusions.items()
        },
        "true": Markup(together_plot(found.true_shares, found.frequent)),
        "annotated": Markup(together_plot(found.annotated_shares, found.frequent)),
    }
