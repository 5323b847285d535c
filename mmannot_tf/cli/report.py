"""`mmannot report`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import DEFAULT_RESAMPLES, DataOption, RunArgument, SplitOption


def report(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="The page's folder; RUN/report by default.")
    ] = None,
    split: SplitOption = "test",
    data: DataOption = None,
) -> None:
    """Write a page about a run: comparison with the paper, plots, pictures, readings and provenance."""
    from mmannot_tf.report.page import page_in
    from mmannot_tf.runs.run import open_run
    from mmannot_tf.workflows.comparison import available_records, compare_run
    from mmannot_tf.workflows.evaluation import predicted_split
    from mmannot_tf.workflows.report import write_report
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    opened = open_run(run)
    records = available_records(opened, data)
    page = page_in(out or run / "report", records)
    predicted = predicted_split(run, split, data)
    evaluation = predicted.evaluate(bootstrap=DEFAULT_RESAMPLES)
    if records is not None:
        import_tensorflow()
    write_report(page, predicted, evaluation, compare_run(run, evaluation, data), records=records)
    notice(f"report: {page}")
