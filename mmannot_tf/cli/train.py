"""`mmannot train`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import (
    ONE_DEVICE,
    ConfigArgument,
    LogicalDevicesOption,
    MethodsOption,
    RecordsOption,
    SettingsOption,
    StrategyOption,
    split_names,
)


def train(
    config: ConfigArgument,
    data: RecordsOption,
    run: Annotated[Path, typer.Option("--run", help="The run's folder, made or continued.")],
    stages: Annotated[str | None, typer.Option("--stages", help="Only these, comma-separated.")] = None,
    methods: MethodsOption = None,
    strategy: StrategyOption = ONE_DEVICE,
    logical_devices: LogicalDevicesOption = None,
    settings: SettingsOption = None,
) -> None:
    """Train the stages of Algorithm 1, then compared systems; skip what is done, go on with what stopped."""
    from mmannot_tf.config.loading import load
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    configuration = load(config, settings or ())
    open_records(data)  # reports wrong input before TensorFlow is loaded
    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution

    distribution = open_distribution(strategy, logical_devices=logical_devices)

    from mmannot_tf.training.train import train as train_stages

    train_stages(
        configuration,
        data=data,
        run=run,
        stages=split_names(stages),
        methods=split_names(methods),
        distribution=distribution,
    )
    if distribution.is_chief:
        notice(f"trained: {run}. Next: mmannot evaluate {run}")
