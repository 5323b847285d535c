"""Trains and scores every variant of an ablation; skips stages that are already trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from mmannot_tf.ablation.variants import Variant
from mmannot_tf.config.settings import Config
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError

Result = TypeVar("Result")


def run_variants(
    config: Config,
    variants: Sequence[Variant],
    *,
    data: Path,
    out: Path,
    seeds: Sequence[int],
    evaluate: Callable[[Path], Result],
) -> dict[str, list[Result]]:
    """Trains every variant, and returns its evaluations, one a seed, by its name.

    A variant's run starts as a copy of the first variant's run with the same seed. Training skips the stages
    that the variant does not change, so both use the same features. A variant whose training fails is a
    result too: it has the rows of the stages before the failure.

    Args:
        config: the configuration that the variants change.
        variants: the others start from the first.
        data: the records' folder.
        out: the folder of the runs, OUT/<variant>/seed<seed>.
        seeds: one run each.
        evaluate: scores the run in a folder.

    Raises:
        UserError: an input is invalid, or the first variant cannot be trained.
    """
    from mmannot_tf.training.train import train

    evaluations: dict[str, list[Result]] = {variant.name: [] for variant in variants}
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
            evaluations[variant.name].append(evaluate(run))
    return evaluations


def _copy_trained(base: Path, run: Path) -> None:
    run.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(base, run)
