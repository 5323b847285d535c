"""The `mmannot` command."""

from typing import Annotated

import typer

from mmannot_tf.cli.ablate import ablate
from mmannot_tf.cli.annotate import annotate
from mmannot_tf.cli.average import average
from mmannot_tf.cli.compare import compare
from mmannot_tf.cli.decide import decide
from mmannot_tf.cli.evaluate import evaluate
from mmannot_tf.cli.export import export
from mmannot_tf.cli.init import init
from mmannot_tf.cli.launch import launch
from mmannot_tf.cli.methods import methods
from mmannot_tf.cli.paper import paper
from mmannot_tf.cli.profile import profile
from mmannot_tf.cli.quantize import quantize
from mmannot_tf.cli.quickstart import quickstart
from mmannot_tf.cli.readings import readings
from mmannot_tf.cli.report import report
from mmannot_tf.cli.serve import serve
from mmannot_tf.cli.train import train
from mmannot_tf.cli.weights import weights
from tfrecords_tools.shell.console import run, version_option

app = typer.Typer(
    name="mmannot",
    help="Multi-modal multi-scale image annotation with a predicted number of labels (arXiv 1709.01220).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    init,
    train,
    launch,
    profile,
    evaluate,
    compare,
    decide,
    average,
    report,
    export,
    quantize,
    annotate,
    serve,
    paper,
    readings,
    methods,
    ablate,
    quickstart,
):
    app.command()(command)
app.add_typer(weights, name="weights")


@app.callback()
def options(version: Annotated[bool, version_option("mmannot")] = False) -> None:
    """Options of the program."""


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    return run(app, argv)
