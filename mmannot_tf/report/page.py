"""The page that `mmannot report` writes: one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mmannot_tf.paper.compare import Comparison
from mmannot_tf.paper.systems import ComparedSystems
from mmannot_tf.report.doubts import as_csv_uri
from mmannot_tf.report.findings import MAX_QUANTITY, Findings
from mmannot_tf.report.pictures import Picture, pictures
from mmannot_tf.report.plots import (
    NAMES,
    class_plots,
    confusion_plot,
    curve_plots,
    reliability_plot,
    together_plot,
    trade_off_plot,
)
from mmannot_tf.report.provenance import provenance
from mmannot_tf.report.remarks import LATER, UNCERTAINTY, remarks, system_notes, unknown_in_words
from mmannot_tf.report.tables import interval_tables, own_tables, systems_table
from mmannot_tf.report.ways import CONVENTION, sentences, ways_table
from mmannot_tf.runs.stages import STAGES
from tfrecords_tools.pages.html import check_page, render
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_text

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATE = "page.html.j2"
PAPERS_DATA = ("nus_wide", "mscoco")
"""The sources of records whose results the paper prints."""
DOUBTS_SHOWN = 24
"""Likely errors of the ground truth that are shown; the file has more."""
GLOSSARY = {
    "precision": "of the labels that were given, the share that is in the ground truth",
    "recall": "of the labels in the ground truth, the share that was given",
    "F1": "the harmonic mean of precision and recall",
    "I-P, I-R, I-F1": "over all labels of all images together (I: images); later papers write OP, OR, OF1",
    "C-P, C-R, C-F1": "means over the labels: a rare one counts as much as a frequent one (C: classes)",
    "H-F1": "the harmonic mean of C-F1 and I-F1",
    "mAP": "mean over the labels of the average precision: how well each label ranks the images",
    "MSE": "mean squared error of the number of labels",
    "LQP": "label quantity prediction: a regressor says how many labels an image gets",
    "MS-CNN": "the network with fusion blocks; CNN: without them; +Tags: the photograph's tags are read too",
}
MAX_CLASSES = 120
"""Classes drawn in the plots; the table has all."""
MAX_TAGS = 24
"""Tags shown of an image."""
KINDS = {
    "best": "Best: the most agreement, and more labels before fewer",
    "between": "Between: evenly spread over the ranking of all images",
    "worst": "Worst: the least agreement, and more wrong and missed labels before fewer",
}


def page_in(out: Path, records: Records | None) -> Path:
    """The page's file in a folder. Call it before the work that fills the page.

    Raises:
        UserError: a package is missing, `out` is a file, or it is in the records' folder.
    """
    if out.is_file():
        raise UserError(f"--out must be a folder. Received: {out}, a file. Name another place.")
    check_page(out / "index.html", records)
    return out / "index.html"


def write_page(
    path: Path,
    findings: Findings,
    comparison: Comparison,
    systems: ComparedSystems | None,
    *,
    records: Records | None,
) -> None:
    """Writes the page atomically.

    Args:
        path: the HTML file.
        findings: of one split.
        comparison: of the same split with the paper.
        systems: of the same split; None where the run has none.
        records: they hold the pictures; None where they are not available.

    Raises:
        UserError: an image that it would show is corrupt.
    """
    ids = [case.id for cases in findings.cases.values() for case in cases]
    ids += [image for label in findings.weakest for image in (*label.missed, *label.wrong)]
    ids += [doubt.image for doubt in findings.doubts[:DOUBTS_SHOWN]]
    shown: Mapping[str, Picture] = {}
    if records and not records.vectors:
        shown = pictures(records, comparison.split, list(dict.fromkeys(ids)))
    write_text(path, page(findings, comparison, systems, shown))


def page(
    findings: Findings,
    comparison: Comparison,
    systems: ComparedSystems | None,
    shown: Mapping[str, Picture],
) -> str:
    """The page's HTML; the same values give the same bytes.

    Args:
        findings: of one split.
        comparison: of the same split with the paper.
        systems: of the same split; None where the run has none.
        shown: images by id; the page names an image without a picture.
    """
    return render(
        __package__,
        TEMPLATE,
        name=findings.run.path.resolve().name,
        findings=findings,
        comparison=comparison,
        unknown=unknown_in_words(findings.unknown, images=comparison.images, classes=len(findings.classes)),
        tables=own_tables(comparison),
        corrected=any(row.pair.corrected for row in comparison.rows),
        remarks=remarks(comparison),
        systems=systems and systems_table(systems),
        systems_remarks=_systems_remarks(systems) if systems else [],
        intervals=interval_tables(comparison.uncertainty),
        explanation=UNCERTAINTY,
        provenance=provenance(findings),
        kinds=KINDS,
        doubts=findings.doubts[:DOUBTS_SHOWN],
        doubts_file=as_csv_uri(findings.doubts),
        is_of_the_paper=findings.run.dataset.source in PAPERS_DATA,
        glossary=GLOSSARY,
        pictures=shown,
        max_tags=MAX_TAGS,
        classes_drawn=min(MAX_CLASSES, len(findings.classes)),
        quantities={features: _quantities(len(counts)) for features, counts in findings.confusions.items()},
        own_stages=list(STAGES),
        measures=NAMES,
        ways=findings.how_many and ways_table(findings.how_many.comparison),
        ways_in_words=sentences(findings.how_many.comparison) if findings.how_many else [],
        convention=CONVENTION,
        plots=_plots(findings),
        version=version("mmannot-tf"),
    )


def _systems_remarks(systems: ComparedSystems) -> list[str]:
    later = any(row.source == "later" for row in systems.rows)
    return [*system_notes(systems), *([LATER] if later else [])]


def _quantities(count: int) -> list[str]:
    """The names of the quantities 0 … count - 1; `MAX_QUANTITY` stands for all above."""
    return [f"{MAX_QUANTITY}+" if quantity == MAX_QUANTITY else str(quantity) for quantity in range(count)]


@dataclass(frozen=True)
class Plots:
    """The page's plots as SVG elements.

    Attributes:
        classes: precision and recall of the classes.
        curves: stage → its training curves.
        confusions: features that a regressor reads → its quantity confusion.
        trade_off: precision against recall of thresholds and ways; None where no ways are compared.
        reliability: of the probabilities; likewise.
        true: co-occurrence of labels in the truth.
        annotated: the same among the annotations.
    """

    classes: list[Markup]
    curves: dict[str, list[Markup]]
    confusions: dict[str, Markup]
    trade_off: Markup | None
    reliability: Markup | None
    true: Markup
    annotated: Markup


def _plots(findings: Findings) -> Plots:
    from markupsafe import Markup  # text in an SVG is escaped by Matplotlib

    ways = findings.how_many
    return Plots(
        classes=[Markup(svg) for svg in class_plots(findings.classes[:MAX_CLASSES])],
        curves={curve.stage: [Markup(svg) for svg in curve_plots(curve)] for curve in findings.curves},
        confusions={
            features: Markup(confusion_plot(counts, _quantities(len(counts))))
            for features, counts in findings.confusions.items()
        },
        trade_off=Markup(trade_off_plot(ways)) if ways else None,
        reliability=Markup(reliability_plot(ways.reliabilities)) if ways else None,
        true=Markup(together_plot(findings.true_shares, findings.frequent)),
        annotated=Markup(together_plot(findings.annotated_shares, findings.frequent)),
    )
