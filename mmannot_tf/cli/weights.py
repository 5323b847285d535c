"""`mmannot weights`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.weights.imported import Imported
from mmannot_tf.weights.importers import ORIGINS


def _origins() -> str:
    return "; ".join(f"{name}: {origin.reads}" for name, origin in ORIGINS.items())


weights = typer.Typer(help="Backbone weights of other origins.", no_args_is_help=True)


@weights.callback()
def group() -> None:
    """Backbone weights of other origins."""


@weights.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The weights as their origin publishes them.")],
    origin: Annotated[str, typer.Option("--from", metavar="ORIGIN", help=f"One of {_origins()}.")],
    out: Annotated[Path, typer.Option("--to", help="The file to write, for model.weights.")],
) -> None:
    """Turn published weights into a file that says all that must travel with them."""
    from mmannot_tf.weights.importers import import_weights
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()
    found = import_weights(file, origin, out)
    for line in _news(found):
        notice(line)
    notice(f"written: {out}")


def _news(found: Imported) -> Iterator[str]:
    """What was imported, all that it is only right with, and what was left aside."""
    provenance, preprocessing = found.provenance, found.provenance.preprocessing
    geometry = provenance.geometry
    yield (
        f"imported: {provenance.architecture} from {provenance.origin}, {len(found.tensors)} tensors; "
        f"batch-norm epsilon {provenance.epsilon}; stride in {geometry.stride}; "
        f"padding {geometry.stem} (conv1), {geometry.pool} (pooling), {geometry.strided} (strided 3x3)"
    )
    yield (
        f"images: {preprocessing.channel_order} minus {_numbers(preprocessing.mean)}, "
        f"times {_numbers(preprocessing.scale)}"
    )
    if found.aside:
        more = ", …" if len(found.aside) > 3 else ""
        yield f"left aside: {len(found.aside)} tensors ({', '.join(found.aside[:3])}{more})"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
