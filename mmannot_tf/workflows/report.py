"""Writes the page about a run."""

from pathlib import Path

from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.paper.compare import Comparison
from mmannot_tf.paper.systems import systems_of
from mmannot_tf.report.findings import findings
from mmannot_tf.report.page import write_page
from mmannot_tf.runs.run import Run
from tfrecords_tools.reading.records import Records


def write_report(
    page: Path,
    run: Run,
    evaluation: Evaluation,
    comparison: Comparison,
    *,
    records: Records | None,
) -> None:
    """Writes the page about an evaluated split.

    Args:
        page: the HTML file, from `mmannot_tf.report.page.page_in`.
        run: the run.
        evaluation: of one of its splits.
        comparison: of that evaluation with the paper.
        records: the run's; None where they are not available.
    """
    predictions = Predictions.load(run.predictions(evaluation.split))
    results = findings(
        run,
        predictions,
        None if records is None else records.settings,
        passed_over=None if records is None else records.passed_over,
    )
    write_page(page, results, comparison, systems_of(evaluation, run.dataset.source), records=records)
