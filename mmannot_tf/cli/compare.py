"""`mmannot compare`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmannot_tf.cli.arguments import DRAWS, BootstrapOption, DataOption, JsonOption, RunArgument, SplitOption

if TYPE_CHECKING:
    from rich.console import Group

    from mmannot_tf.runs.run import Dataset
    from tfrecords_tools.reading.records import Records


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
    from mmannot_tf.cli.evaluate import evaluation_of, write_scores
    from mmannot_tf.paper.systems import compare_systems
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


def comparison_of(path: Path, evaluation: Mapping[str, Any], data: Path | None = None) -> dict[str, Any]:
    """The comparison of a run with the paper.

    Args:
        path: the run's folder.
        evaluation: of one of its splits, by `evaluation_of`.
        data: the records, where they have moved since training.
    """
    from mmannot_tf.paper.comparability import RunFacts
    from mmannot_tf.paper.compare import compare as set_beside
    from mmannot_tf.runs.run import open_run

    run = open_run(path)
    facts = RunFacts(
        source=run.dataset.source,
        split=evaluation["split"],
        images=evaluation["images"],
        backbone=run.config.model.backbone,
        weights_origin=run.provenance.origin,
        readings=evaluation["readings"],
        build=_build(run.dataset, data),
    )
    return set_beside(evaluation, facts)


def _build(dataset: "Dataset", data: Path | None) -> Mapping[str, Any] | None:
    """What the build of a run's records was asked; None where they are not at hand."""
    records = records_at_hand(dataset, data)
    return records and records.settings


def records_at_hand(dataset: "Dataset", data: Path | None) -> "Records | None":
    """A run's records; None where they are gone or others lie there.

    Args:
        dataset: the run's.
        data: the records, where they have moved since training.

    Raises:
        UserError: no records lie in `data`.
    """
    from tfrecords_tools.reading.records import MARKER, open_records

    if data is None and not (Path(dataset.path) / MARKER).is_file():
        return None
    records = open_records(data or Path(dataset.path))
    return records if records.digest == dataset.digest else None
