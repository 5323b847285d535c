"""`mmannot compare`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmannot_tf.cli.arguments import DRAWS, BootstrapOption, DataOption, JsonOption, RunArgument, SplitOption

if TYPE_CHECKING:
    from rich.console import Group

    from mmannot_tf.paper.systems import Number
    from mmannot_tf.training.run import Dataset


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
    bootstrap: BootstrapOption = DRAWS,
    as_json: JsonOption = False,
) -> None:
    """Set a run's rows beside the paper's printed ones, and say which are comparable and why not."""
    from tfrecords_tools.console import print_json

    if table is None:
        comparison, show = comparison_of(run, split, data, bootstrap=bootstrap), print_comparison
    else:
        comparison, show = systems_of(run, split, data, table=table, bootstrap=bootstrap), print_systems
    (print_json if as_json else show)(comparison)


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """The pairs of rows, what to know of each, and how sure ours are."""
    from mmannot_tf.evaluation.table import render_comparison

    _print(render_comparison(comparison), comparison["uncertainty"])


def print_systems(comparison: Mapping[str, Any]) -> None:
    """The compared systems beside their table, and how sure ours are."""
    from mmannot_tf.evaluation.table import render_systems

    _print(render_systems(comparison), comparison["uncertainty"])


def _print(tables: "Group", uncertainty: Mapping[str, Any] | None) -> None:
    from rich.console import Console

    from mmannot_tf.evaluation.uncertainty_table import render_uncertainty

    Console().print(tables, *(render_uncertainty(uncertainty) if uncertainty else ()))


def systems_of(
    path: Path, split: str, data: Path | None = None, *, table: "Number", bootstrap: int = DRAWS
) -> dict[str, Any]:
    """A run's compared systems beside Table III or IV; other arguments as of `evaluation_of`."""
    from mmannot_tf.cli.evaluate import evaluation_of
    from mmannot_tf.paper.systems import compare_systems

    return compare_systems(evaluation_of(path, split, data, bootstrap=bootstrap), table)


def comparison_of(
    path: Path, split: str, data: Path | None = None, *, bootstrap: int = DRAWS
) -> dict[str, Any]:
    """The comparison of a run's split with the paper; arguments as of `evaluation_of`."""
    from mmannot_tf.cli.evaluate import evaluation_of
    from mmannot_tf.paper.comparability import RunFacts
    from mmannot_tf.paper.compare import compare as set_beside
    from mmannot_tf.training.run import open_run

    evaluation, run = evaluation_of(path, split, data, bootstrap=bootstrap), open_run(path)
    facts = RunFacts(
        source=run.dataset.source,
        split=split,
        images=evaluation["images"],
        backbone=run.config.model.backbone,
        weights_origin=run.provenance.origin,
        readings=evaluation["readings"],
        build=_build(run.dataset, data),
    )
    return set_beside(evaluation, facts)


def _build(dataset: "Dataset", data: Path | None) -> Mapping[str, Any] | None:
    """What the build of a run's records was asked; None where they are gone or others lie there."""
    from tfrecords_tools.records import MARKER, open_records

    if data is None and not (Path(dataset.path) / MARKER).is_file():
        return None
    records = open_records(data or Path(dataset.path))
    return records.settings if records.digest == dataset.digest else None
