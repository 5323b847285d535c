"""`mmannot profile`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmannot_tf.cli.arguments import (
    ONE,
    ConfigArgument,
    JsonOption,
    LogicalDevicesOption,
    RecordsOption,
    SettingsOption,
    StrategyOption,
)

if TYPE_CHECKING:
    from mmannot_tf.training.profiling import Profile

SHOWN = {
    "read": "read",
    "decode": "+ decode, resize, augment",
    "batches": "+ batch, fetch to the device",
    "step": "step alone, its batch there",
    "training": "training",
}


def profile(
    config: ConfigArgument,
    data: RecordsOption,
    run: Annotated[
        Path | None, typer.Option("--run", help="A run, for stages that start from others; only read.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="Or a compared system; the first that reads images if none.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="At least so many a measurement.")] = 3,
    strategy: StrategyOption = ONE,
    logical_devices: LogicalDevicesOption = None,
    settings: SettingsOption = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="A folder for TensorFlow's trace of some steps.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether training a stage waits for its input or for its computation: images/s of each part."""
    from mmannot_tf.config.loading import load
    from mmannot_tf.runs.run import open_run
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.shell.console import print_json
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    configuration = load(config, settings or ())
    borrowed = open_run(run) if run else None
    open_records(data)  # wrong input is told before TensorFlow is loaded
    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution

    distribution = open_distribution(strategy, logical_devices=logical_devices)

    from mmannot_tf.training import profiling
    from mmannot_tf.training.stopwatch import Timing

    found = profiling.profile(
        configuration,
        data=data,
        distribution=distribution,
        stage=stage,
        run=borrowed,
        timing=Timing(steps=steps),
        trace=trace,
    )
    result = _document(found, profiling.advice(found, configuration))
    if as_json:
        print_json(result)
    else:
        _show(result)


def _document(found: "Profile", advice: str) -> dict[str, Any]:
    parts = {**found.input, "step": found.step, "training": found.training}
    return {
        "stage": found.stage,
        "batch_size": found.batch_size,
        "replicas": found.replicas,
        "images_per_second": {name: rates.median for name, rates in parts.items()},
        "windows": {name: list(rates.windows) for name, rates in parts.items()},
        "images": {name: rates.images for name, rates in parts.items()},
        "waiting": found.waiting,
        "bound": "input" if found.input_bound else "compute",
        "advice": advice,
    }


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{result['stage']}: {result['batch_size']} images a step, {result['replicas']} replicas"
    )
    for title in ("", "images/s", "lowest", "highest", "images"):
        table.add_column(title, justify="right" if title else "left")
    for name, windows in result["windows"].items():
        rates = (result["images_per_second"][name], min(windows), max(windows))
        table.add_row(SHOWN[name], *(f"{rate:,.1f}" for rate in rates), f"{result['images'][name]:,}")
    Console().print(table)
    typer.echo(f"{result['bound']}-bound: {result['waiting']:.0%} of a step is waiting for input.")
    typer.echo(result["advice"])
