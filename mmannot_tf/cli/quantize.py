"""`mmannot quantize`."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import ThreadsOption

IMAGES = 300


def quantize(
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="An export with the format openvino.")],
    photographs: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTOGRAPH...", help="Photographs like those to annotate, folders of them, or TFRecords."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="The export's folder, which gets the next version; or FOLDER/NUMBER to replace."
        ),
    ],
    images: Annotated[
        int, typer.Option("--images", min=10, help="Photographs to calibrate on; as many more are compared.")
    ] = IMAGES,
    threads: ThreadsOption = None,
) -> None:
    """Add an int8 network to an export, for `--engine openvino --precision int8`."""
    from mmannot_tf.serving.exporting.quantization import quantize as write
    from mmannot_tf.serving.inputs.request import Request
    from mmannot_tf.serving.model import open_model
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.threads import limit_threads

    limit_threads(threads)
    request = Request(photographs)
    spacing = max(1, (request.count() or 0) // (2 * images))  # names in order often tell of the same day
    chosen = islice(request.photographs(), 0, None, spacing)
    folder, agreement = write(open_model(export), out, chosen, images=images, log=notice)
    notice(str(agreement))
    notice(f"quantised: {folder}. Next: mmannot annotate {folder} IMAGE --engine openvino --precision int8")
