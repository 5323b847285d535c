"""Writes the page about a run."""

from pathlib import Path

from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.paper.compare import Comparison
from mmannot_tf.paper.systems import systems_of
from mmannot_tf.report.findings import findings
from mmannot_tf.report.page import write_page
from mmannot_tf.workflows.evaluation import PredictedSplit
from tfrecords_tools.reading.records import Records


def write_report(
    page: Path,
    predicted: PredictedSplit,
    evaluation: Evaluation,
    comparison: Comparison,
    *,
    records: Records | None,
) -> None:
    """Writes the page about an evaluated split.

    Args:
        page: the HTML file, from `mmannot_tf.report.page.page_in`.
        predicted: the split of a run.
        evaluation: of this split.
        comparison: of that evaluation with the paper.
        records: the run's; None where they are not available.
    """
    run = predicted.run
    results = findings(
        run,
        predicted.predictions,
        None if records is None else records.settings,
        passed_over=None if records is None else records.passed_over,
        how_many=predicted.how_many(bootstrap=Resampling.draws),
        verdict=predicted.verdict(bootstrap=Resampling.draws),
    )
    write_page(page, results, comparison, systems_of(evaluation, run.dataset.source), records=records)
