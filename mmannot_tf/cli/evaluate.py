"""`mmannot evaluate`, and the evaluation other commands ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmannot_tf.cli.arguments import (
    DRAWS,
    ONE,
    BootstrapOption,
    DataOption,
    JsonOption,
    LogicalDevicesOption,
    RunArgument,
    SplitOption,
    StrategyOption,
)


def evaluate(
    run: RunArgument,
    split: SplitOption = "test",
    data: DataOption = None,
    bootstrap: BootstrapOption = DRAWS,
    as_json: JsonOption = False,
    strategy: StrategyOption = ONE,
    logical_devices: LogicalDevicesOption = None,
) -> None:
    """Score every row of Tables I/II and V/VI, predicting first where predictions are missing or stale."""
    from tfrecords_tools.shell.console import print_json

    if strategy != ONE and not _predict(run, split, data, strategy, logical_devices):
        return
    evaluation = evaluation_of(run, split, data, bootstrap=bootstrap)
    write_scores(run, evaluation)
    if as_json:
        print_json(evaluation)
        return
    from rich.console import Console

    from mmannot_tf.report.terminal import render_scores, render_uncertainty

    Console().print(render_scores(evaluation), *render_uncertainty(evaluation))


def _predict(path: Path, split: str, data: Path | None, strategy: str, logical_devices: int | None) -> bool:
    """Predicts a split on several replicas; whether this process is to show what comes of it."""
    from mmannot_tf.runs.run import open_run
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    run = open_run(path)
    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution
    from mmannot_tf.training.predict import predict
    from mmannot_tf.training.session import open_session

    distribution = open_distribution(strategy, logical_devices=logical_devices)
    predict(open_session(run, data, distribution), split)
    return distribution.is_chief


def evaluation_of(
    path: Path, split: str, data: Path | None = None, *, bootstrap: int = DRAWS
) -> dict[str, Any]:
    """The evaluation of a run's split; of the run's files only its predictions are made, where need be.

    TensorFlow is loaded only if the split must be predicted.

    Args:
        path: the run's folder.
        split: of its records.
        data: the records, where they have moved since training.
        bootstrap: resamples for intervals and paired tests; 0 for neither.
    """
    from mmannot_tf.evaluation.predictions import Predictions
    from mmannot_tf.evaluation.resampling import Resampling
    from mmannot_tf.evaluation.rows import evaluate as score_rows
    from mmannot_tf.paper.readings import in_force
    from mmannot_tf.runs.plan import predictions_digest
    from mmannot_tf.runs.run import open_run
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    run, resampling = open_run(path), Resampling(draws=bootstrap) if bootstrap else None
    file = run.predictions(split)
    predictions = Predictions.load(file) if file.exists() else None
    if predictions is None or predictions.digest != predictions_digest(run, split):
        import_tensorflow()
        from mmannot_tf.training.predict import predict
        from mmannot_tf.training.session import open_session

        predictions = predict(open_session(run, data), split)
    readings = in_force(run.config)
    return score_rows(predictions, run.config.evaluation, readings=readings, resampling=resampling)


def write_scores(path: Path, evaluation: Mapping[str, Any]) -> None:
    """Writes a run's scores.json, if it is the test split that was evaluated."""
    from tfrecords_tools.shell.files import write_json

    if evaluation["split"] == "test":
        write_json(path / "scores.json", evaluation)
