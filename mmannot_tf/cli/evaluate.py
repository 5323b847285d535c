"""`mmannot evaluate`."""

from pathlib import Path

from mmannot_tf.cli.arguments import (
    DEFAULT_RESAMPLES,
    ONE_DEVICE,
    BootstrapOption,
    DataOption,
    JsonOption,
    LogicalDevicesOption,
    RunArgument,
    SplitOption,
    StrategyOption,
    TaggedOption,
)


def evaluate(
    run: RunArgument,
    split: SplitOption = "test",
    data: DataOption = None,
    tagged: TaggedOption = False,
    bootstrap: BootstrapOption = DEFAULT_RESAMPLES,
    as_json: JsonOption = False,
    strategy: StrategyOption = ONE_DEVICE,
    logical_devices: LogicalDevicesOption = None,
) -> None:
    """Score every row of Tables I/II and V/VI, and every way to decide how many labels an image gets.

    Predictions that are missing or stale are made first.
    """
    from mmannot_tf.evaluation.document import document, members
    from mmannot_tf.workflows.evaluation import predicted_split, write_scores
    from tfrecords_tools.shell.console import print_json

    if strategy != ONE_DEVICE and not _predict(run, split, data, strategy, logical_devices):
        return
    predicted = predicted_split(run, split, data, tagged=tagged)
    evaluation = predicted.evaluate(bootstrap=bootstrap)
    if not tagged:
        write_scores(run, evaluation)
    ways, verdict = predicted.compare_ways(bootstrap=bootstrap), predicted.verdict(bootstrap=bootstrap)
    if as_json:
        print_json({**members(evaluation), "ways": document(ways), "verdict": document(verdict)})
        return
    from rich.console import Console

    from mmannot_tf.report.terminal import render_scores, render_uncertainty
    from mmannot_tf.report.ways import CONVENTION, render_ways

    console = Console()
    console.print(render_scores(evaluation), *render_uncertainty(evaluation.uncertainty))
    for comparison in ways:
        console.print(render_ways(comparison))
    if ways:
        console.print(CONVENTION)
    if verdict is not None:
        console.print("", *verdict.sentences, sep="\n")


def _predict(path: Path, split: str, data: Path | None, strategy: str, logical_devices: int | None) -> bool:
    """Predicts a split on several replicas. True in the process that shows the result."""
    from mmannot_tf.runs.run import open_run
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    run = open_run(path)
    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution
    from mmannot_tf.training.inference.predict import predict
    from mmannot_tf.training.session import open_session

    distribution = open_distribution(strategy, logical_devices=logical_devices)
    predict(open_session(run, data, distribution), split)
    return distribution.is_chief
