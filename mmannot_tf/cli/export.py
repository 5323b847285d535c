"""`mmannot export`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import BetaOption, FavourOption, given_beta, split_names
from tfrecords_tools.shell.errors import UserError


def export(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="A folder that `mmannot train` made; or an export with heads: starter.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="The export's folder, which gets the next version; or FOLDER/NUMBER to replace."
        ),
    ],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", help="saved_model (the default), onnx, openvino, litert; repeatable or a,b."
        ),
    ] = None,
    decide: Annotated[
        str,
        typer.Option(
            "--decide", help="How many labels: paper, best (by validation), or a way of docs/how-many.md."
        ),
    ] = "paper",
    beta: BetaOption = None,
    favour: FavourOption = None,
) -> None:
    """Export a run in formats for deployment, each verified against the run, with a model card."""
    from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES
    from mmannot_tf.decisions.override import PAPER
    from mmannot_tf.evaluation.scorer_ways import BEST
    from mmannot_tf.runs.run import open_run
    from mmannot_tf.serving.model import is_export
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    names = [name for option in formats or ["saved_model"] for name in split_names(option)]
    if is_export(run):
        _export_again(run, out, names, decides_anew=decide != PAPER or beta is not None or favour is not None)
        return
    opened = open_run(run)
    import_tensorflow()

    from mmannot_tf.serving.exporting.export import export as write
    from mmannot_tf.workflows.evaluation import choose_ways_of_run

    weight = given_beta(beta, favour)
    weighing = [way.name for way in FOR_NEW_IMAGES if way.weighs_recall]
    if weight is not None and decide not in (BEST, *weighing):
        raise UserError(
            f"--beta and --favour need --decide {BEST}, or a way that they change: {', '.join(weighing)}. "
            f"Received: --decide {decide}."
        )
    ways = None if decide == PAPER else choose_ways_of_run(run, decide, beta=weight or 1.0)
    if ways is not None:
        notice(f"decides by {ways.tagged.fitted.way.name}")
    _say(write(opened, out, formats=names, ways=ways, log=notice))


def _export_again(export: Path, out: Path, formats: list[str], *, decides_anew: bool) -> None:
    """Writes an export's heads in other formats."""
    from mmannot_tf.serving.model import open_model
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    if decides_anew:
        raise UserError(
            f"--decide, --beta and --favour need a run. Received: {export}, an export, which decides as "
            "before. Leave them out; `mmannot annotate --decide` takes another way."
        )
    model = open_model(export)
    import_tensorflow()
    from mmannot_tf.serving.exporting.export import export_again

    _say(export_again(model, out, formats=formats, log=notice))


def _say(folder: Path) -> None:
    from mmannot_tf.serving.metadata import CARD_FILE
    from mmannot_tf.serving.model import read_metadata
    from tfrecords_tools.shell.console import notice

    of_vectors = "vectors" in read_metadata(folder)
    following = f"see {folder / CARD_FILE}" if of_vectors else f"mmannot annotate {folder} IMAGE"
    notice(f"exported: {folder}. Next: {following}")
