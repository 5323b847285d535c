"""`mmannot weights`."""

from pathlib import Path
from typing import Annotated

import typer

weights = typer.Typer(help="Backbone weights of other origins.", no_args_is_help=True)


@weights.callback()
def group() -> None:
    """Backbone weights of other origins."""


@weights.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The weights as their origin publishes them.")],
    origin: Annotated[
        str, typer.Option("--from", help="tfjs: a TF.js layers model (archive, folder or model.json).")
    ],
    out: Annotated[Path, typer.Option("--to", help="The file to write, for model.weights.")],
) -> None:
    """Turn published weights into a file that says all that must travel with them."""
    from mmannot_tf.weights.importers import import_weights
    from tfrecords_tools.console import notice
    from tfrecords_tools.quiet import import_tensorflow

    import_tensorflow()
    provenance = import_weights(file, origin, out)
    notice(
        f"imported: {provenance.architecture} from {provenance.origin}, "
        f"batch-norm epsilon {provenance.epsilon}: {out}"
    )
