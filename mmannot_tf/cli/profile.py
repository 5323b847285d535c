"""`mmannot profile`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from mmannot_tf.cli.arguments import (
    ONE_DEVICE,
    ConfigArgument,
    JsonOption,
    LogicalDevicesOption,
    RecordsOption,
    SettingsOption,
    StrategyOption,
)
from tfrecords_tools.shell.counted import counted

if TYPE_CHECKING:
    from mmannot_tf.training.profiling.profile import Profile

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
    strategy: StrategyOption = ONE_DEVICE,
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
    finished = open_run(run) if run else None
    open_records(data)  # reports wrong input before TensorFlow is loaded
    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution

    distribution = open_distribution(strategy, logical_devices=logical_devices)

    from mmannot_tf.training.profiling.advice import advice
    from mmannot_tf.training.profiling.profile import profile as profile_stage
    from mmannot_tf.training.profiling.throughput import Timing

    result = profile_stage(
        configuration,
        data=data,
        distribution=distribution,
        stage=stage,
        run=finished,
        timing=Timing(steps=steps),
        trace=trace,
    )
    document = _document(result, advice(result, configuration))
    if as_json:
        print_json(document)
    else:
        _show(document)


class Document(TypedDict):
    """The profile as `--json` prints it."""

    stage: str
    batch_size: int
    replicas: int
    images_per_second: dict[str, float]
    windows: dict[str, list[float]]
    images: dict[str, int]
    waiting: float
    bound: str
    advice: str


def _document(profile: "Profile", advice: str) -> Document:
    parts = {**profile.input, "step": profile.step, "training": profile.training}
    return {
        "stage": profile.stage,
        "batch_size": profile.batch_size,
        "replicas": profile.replicas,
        "images_per_second": {name: throughput.median for name, throughput in parts.items()},
        "windows": {name: list(throughput.windows) for name, throughput in parts.items()},
        "images": {name: throughput.images for name, throughput in parts.items()},
        "waiting": profile.waiting,
        "bound": "input" if profile.input_bound else "compute",
        "advice": advice,
    }


def _show(document: Document) -> None:
    from rich.console import Console
    from rich.table import Table

    step, replicas = counted(document["batch_size"], "image"), counted(document["replicas"], "replica")
    title = f"{document['stage']}: {step} a step, {replicas}"
    table = Table(title=title)
    for heading in ("", "images/s", "lowest", "highest", "images"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, windows in document["windows"].items():
        rates = (document["images_per_second"][name], min(windows), max(windows))
        table.add_row(SHOWN[name], *(f"{rate:,.1f}" for rate in rates), f"{document['images'][name]:,}")
    Console().print(table)
    typer.echo(f"{document['bound']}-bound: {document['waiting']:.0%} of a step is waiting for input.")
    typer.echo(document["advice"])
