"""`mmannot export`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import RunArgument


def export(
    run: RunArgument, out: Annotated[Path, typer.Option("--out", help="The SavedModel's folder.")]
) -> None:
    """Write a run's annotator as a SavedModel that plain TensorFlow loads."""
    from mmannot_tf.training.run import open_run
    from tfrecords_tools.console import notice
    from tfrecords_tools.quiet import import_tensorflow

    opened = open_run(run)
    import_tensorflow()

    from mmannot_tf.serving.export import export as write

    notice(f"exported: {write(opened, out)}. Next: mmannot annotate {out} IMAGE")
