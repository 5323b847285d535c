"""`mmannot compare`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmannot_tf.cli.arguments import (
    DEFAULT_RESAMPLES,
    BootstrapOption,
    DataOption,
    JsonOption,
    RunArgument,
    SplitOption,
)

if TYPE_CHECKING:
    from rich.console import Group


def compare(
    run: RunArgument,
    split: SplitOption = "test",
    data: DataOption = None,
    table: Annotated[
        Literal["III", "IV"] | None,
        typer.Option(
            help="The compared systems' table; without it, the method's own rows.", case_sensitive=False
        ),
    ] = None,
    bootstrap: BootstrapOption = DEFAULT_RESAMPLES,
    as_json: JsonOption = False,
) -> None:
    """Set a run's rows beside the paper's printed ones, and say which are comparable and why not."""
    from mmannot_tf.paper.systems import compare_systems
    from mmannot_tf.workflows.comparison import comparison_of
    from mmannot_tf.workflows.evaluation import evaluation_of, write_scores
    from tfrecords_tools.shell.console import print_json

    evaluation = evaluation_of(run, split, data, bootstrap=bootstrap)
    write_scores(run, evaluation)
    if table is None:
        comparison, show = comparison_of(run, evaluation, data), print_comparison
    else:
        comparison, show = compare_systems(evaluation, table), print_systems
    (print_json if as_json else show)(comparison)


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """The pairs of rows, what to know of each, and how sure ours are."""
    from mmannot_tf.report.terminal import render_comparison

    _print(render_comparison(comparison), comparison["uncertainty"])


def print_systems(comparison: Mapping[str, Any]) -> None:
    """The compared systems beside their table, and how sure ours are."""
    from mmannot_tf.report.terminal import render_systems

    _print(render_systems(comparison), comparison["uncertainty"])


def _print(tables: "Group", uncertainty: Mapping[str, Any] | None) -> None:
    from rich.console import Console

    from mmannot_tf.report.terminal import render_uncertainty

    Console().print(tables, *(render_uncertainty(uncertainty) if uncertainty else ()))
