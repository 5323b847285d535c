"""`mmannot compare`."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmannot_tf.cli.arguments import (
    DEFAULT_RESAMPLES,
    BootstrapOption,
    DataOption,
    JsonOption,
    RunArgument,
    SplitOption,
    table_number,
)

if TYPE_CHECKING:
    from mmannot_tf.paper.compare import Comparison
    from mmannot_tf.paper.systems import ComparedSystems, Number


def compare(
    run: RunArgument,
    split: SplitOption = "test",
    data: DataOption = None,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="[III|IV]", help="The compared systems' table; without it, the method's own rows."
        ),
    ] = None,
    bootstrap: BootstrapOption = DEFAULT_RESAMPLES,
    as_json: JsonOption = False,
) -> None:
    """Compare a run's rows with the paper's printed ones, and list why a row is not comparable."""
    from mmannot_tf.evaluation.document import document
    from mmannot_tf.paper.systems import compare_systems
    from mmannot_tf.workflows.comparison import compare_run
    from mmannot_tf.workflows.evaluation import evaluate_run, write_scores
    from tfrecords_tools.shell.console import print_json

    numbers: tuple[Number, ...] = ("III", "IV")
    number = None if table is None else table_number(table, numbers)
    evaluation = evaluate_run(run, split, data, bootstrap=bootstrap)
    write_scores(run, evaluation)
    if number is None:
        comparison = compare_run(run, evaluation, data)
        print_json(document(comparison)) if as_json else print_comparison(comparison)
    else:
        systems = compare_systems(evaluation, number)
        print_json(document(systems)) if as_json else print_systems(systems)


def print_comparison(comparison: "Comparison") -> None:
    """Prints the pairs of rows, the remarks on each, and the uncertainty of ours."""
    from rich.console import Console

    from mmannot_tf.report.terminal import render_comparison, render_uncertainty

    Console().print(render_comparison(comparison), *render_uncertainty(comparison.uncertainty))


def print_systems(systems: "ComparedSystems") -> None:
    """Prints the compared systems here and as published, and the uncertainty of ours."""
    from rich.console import Console

    from mmannot_tf.report.terminal import render_systems, render_uncertainty

    Console().print(render_systems(systems), *render_uncertainty(systems.uncertainty))
