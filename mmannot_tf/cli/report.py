"""`mmannot report`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import DataOption, RunArgument, SplitOption


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
    from mmannot_tf.cli.evaluate import evaluation_of, write_scores
    from mmannot_tf.evaluation.predictions import Predictions
    from mmannot_tf.report.findings import findings
    from mmannot_tf.report.page import page_in, write_page
    from mmannot_tf.training.run import open_run
    from tfrecords_tools.console import notice
    from tfrecords_tools.quiet import import_tensorflow

    opened = open_run(run)
    records = records_at_hand(opened.dataset, data)
    page = page_in(out or run / "report", records)
    evaluation = evaluation_of(run, split, data)
    write_scores(run, evaluation)
    if records is not None:
        import_tensorflow()
    found = findings(opened, Predictions.load(opened.predictions(split)))
    write_page(page, found, comparison_of(run, evaluation, data), records=records)
    notice(f"report: {page}")
