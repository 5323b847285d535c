"""`mmannot report`, and the page that the quickstart ends with."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmannot_tf.cli.arguments import DataOption, RunArgument, SplitOption

if TYPE_CHECKING:
    from mmannot_tf.runs.run import Run
    from tfrecords_tools.reading.records import Records


def report(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="The page's folder; RUN/report by default.")
    ] = None,
    split: SplitOption = "test",
    data: DataOption = None,
) -> None:
    """Write a page about a run: tables beside the paper's, plots, pictures, readings and provenance."""
    from mmannot_tf.cli.compare import comparison_of, records_at_hand
    from mmannot_tf.cli.evaluate import evaluation_of
    from mmannot_tf.report.page import page_in
    from mmannot_tf.runs.run import open_run
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    opened = open_run(run)
    records = records_at_hand(opened.dataset, data)
    page = page_in(out or run / "report", records)
    evaluation = evaluation_of(run, split, data)
    if records is not None:
        import_tensorflow()
    write_report(page, opened, evaluation, comparison_of(run, evaluation, data), records=records)
    notice(f"report: {page}")


def write_report(
    page: Path,
    run: "Run",
    evaluation: Mapping[str, Any],
    comparison: Mapping[str, Any],
    *,
    records: "Records | None",
) -> None:
    """Writes the page about an evaluation that has been made.

    Args:
        page: the HTML file, from `mmannot_tf.report.page.page_in`.
        run: the run.
        evaluation: of one of its splits, by `evaluation_of`.
        comparison: of that evaluation, by `comparison_of`.
        records: the run's; None where they are not at hand.
    """
    from mmannot_tf.evaluation.predictions import Predictions
    from mmannot_tf.paper.systems import systems_of
    from mmannot_tf.report.findings import findings
    from mmannot_tf.report.page import write_page

    predictions = Predictions.load(run.predictions(evaluation["split"]))
    found = findings(run, predictions, records and records.settings)
    write_page(page, found, comparison, systems_of(evaluation, run.dataset.source), records=records)
