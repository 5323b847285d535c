"""Trains and scores every variant of an ablation; what is trained already is not trained again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmannot_tf.ablation.variants import Variant
from mmannot_tf.config.settings import Config
from mmannot_tf.runs.plan import finished_stages, staleness
from mmannot_tf.runs.run import Run, open_run
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError

Evaluation = Callable[[Path], dict[str, Any]]
"""A run's folder to what `mmannot evaluate --json` prints of it."""


def run_variants(
    config: Config,
    variants: Sequence[Variant],
    *,
    data: Path,
    out: Path,
    seeds: Sequence[int],
    evaluate: Evaluation,
) -> dict[str, list[dict[str, Any]]]:
    """Every variant's evaluations, one a seed, by the variant's name.

    A variant's run begins as a copy of the first variant's of its seed: the stages that its reading does not
    touch are skipped, so the same features stand below what differs. A reading under which training cannot go
    on is a result, too: its rows are those of the stages that came before.

    Args:
        config: what is changed.
        variants: the first is what the others start from.
        data: the records' folder.
        out: where the runs are put: OUT/<variant>/seed<seed>.
        seeds: one run each.
        evaluate: scores a run.

    Raises:
        UserError: any input that cannot be worked with.
    """
    from mmannot_tf.training.train import train

    evaluations: dict[str, list[dict[str, Any]]] = {variant.name: [] for variant in variants}
    for seed in seeds:
        base = out / variants[0].folder / f"seed{seed}"
        for variant in variants:
            run = out / variant.folder / f"seed{seed}"
            notice(f"{variant.name}, seed {seed}: {run}")
            if run != base and not run.exists():
                _copy_trained(base, run)
            configuration = variant.of(config, seed=seed)
            try:
                train(configuration, data=data, run=run)
            except UserError as error:
                if variant == variants[0]:
                    raise
                notice(f"{variant.name}, seed {seed}: not trained to the end: {error}")
                _drop_stale(open_run(run))
            evaluations[variant.name].append(evaluate(run))
    return evaluations


def _drop_stale(run: Run) -> None:
    """Takes away the copied stages that training would have replaced."""
    for stage in finished_stages(run):
        if staleness(run, stage):
            shutil.rmtree(run.stage(stage.name))


def _copy_trained(base: Path, run: Path) -> None:
    run.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(base, run)
