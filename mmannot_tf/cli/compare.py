"""`mmannot compare`."""

from pathlib import Path
from typing import Any

from mmannot_tf.cli.arguments import DataOption, JsonOption, RunArgument, SplitOption


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
    from mmannot_tf.paper.compare import RunFacts
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
    )
    return set_beside(evaluation, facts)
