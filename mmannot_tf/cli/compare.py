"""`mmannot compare`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmannot_tf.cli.arguments import DataOption, JsonOption, RunArgument, SplitOption

if TYPE_CHECKING:
    from mmannot_tf.training.run import Dataset


def compare(
    run: RunArgument, split: SplitOption = "test", data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Set a run's rows beside the paper's printed ones, and say which are comparable and why not."""
    from tfrecords_tools.console import print_json

    comparison = comparison_of(run, split, data)
    if as_json:
        print_json(comparison)
        return
    from rich.console import Console

    from mmannot_tf.evaluation.table import render_comparison

    Console().print(render_comparison(comparison))


def comparison_of(path: Path, split: str, data: Path | None = None) -> dict[str, Any]:
    """The comparison of a run's split with the paper."""
    from mmannot_tf.cli.evaluate import evaluation_of
    from mmannot_tf.paper.comparability import RunFacts
    from mmannot_tf.paper.compare import compare as set_beside
    from mmannot_tf.training.run import open_run

    evaluation, run = evaluation_of(path, split, data), open_run(path)
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
