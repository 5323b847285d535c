"""Which learning rates suit heads by the number of photographs: evidence for what `mmannot init` proposes.

    python benchmarks/proposed_rates.py RUN [--images 60 …] [--factor 0.5 …]

RUN was trained as `mmannot init` proposes, with the network left as it is, on some thousand photographs; it
is only read. For each number of photographs the program draws so many of the training split, and trains each
stage on them with the batch, epochs and L2 that `init` proposes for the number, at multiples of its rate.
HELD other photographs of the training split score the weights of the last epoch: ranking precision in percent
for labels, mean squared error for quantities. Neither validation nor test split is read.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmannot_tf.config.stage import StageSettings
from mmannot_tf.proposal.head_sizes import HeadSizes, head_sizes
from mmannot_tf.report.markdown import markdown_table
from mmannot_tf.runs.configured_stages import stage_named, stage_settings
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.training.cross_validation import Fold
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stage_builder import fold_job

HELD = 2000
STAGES = ("cnn", "tag_encoder", "classifier", "quantity_visual")
"""`quantity` is as `quantity_visual`."""
IMAGES, FACTORS = (60, 125, 250, 500, 1000, 4000), (0.25, 0.5, 1.0, 2.0, 4.0)


def main(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    images: Annotated[list[int] | None, typer.Option("--images", help="Numbers of photographs.")] = None,
    factors: Annotated[list[float] | None, typer.Option("--factor", help="Of the proposed rate.")] = None,
    stages: Annotated[list[str] | None, typer.Option("--stage", help="Some of the stages.")] = None,
) -> None:
    """Prints a table for each stage."""
    factors = factors or [*FACTORS]
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "run"
        shutil.copytree(run, copy)
        opened = open_run(copy)
        for name in stages or STAGES:
            rate = stage_settings(opened.config, stage_named(opened.config, name)).learning_rate
            rows = []
            for number in images or IMAGES:
                scores = [_score(opened, name, number, factor * rate, Path(scratch)) for factor in factors]
                rows.append(
                    [
                        f"{number:,}",
                        *(
                            f"{score:.2f}" if name.startswith("quantity") else f"{score:.1f}"
                            for score in scores
                        ),
                    ]
                )
                typer.echo(f"{name} {rows[-1]}", err=True)
            header = ["photographs", *(f"rate {factor * rate:g}" for factor in factors)]
            typer.echo(f"\n{name}\n\n{markdown_table(header, rows)}")


def _score(run: Run, name: str, number: int, rate: float, scratch: Path) -> float:
    """What a stage trained on so many photographs is worth on others."""
    sizes = head_sizes(number)
    training = run.config.training.model_copy(update={"batch_size": sizes.batch_size})
    sized = replace(run, config=run.config.model_copy(update={"training": training}))
    session, stage = open_session(sized), stage_named(sized.config, name)
    rows = np.random.default_rng(0).permutation(len(session.arrays("train").ids))
    fold = Fold(0, np.sort(rows[:number]), np.sort(rows[-HELD:]))
    settings = _settings(stage_settings(sized.config, stage), name, sizes, rate)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        job = fold_job(session, stage, fold, settings, Path(folder), Signals())
        loop = Loop(job)
        for epoch in range(settings.epochs):
            loop.train_on(loop.batches(epoch, job.steps))
        measures, _ = job.validate()
    return measures["mse" if name.startswith("quantity") else "ranking_precision"]


def _settings(settings: StageSettings, name: str, sizes: HeadSizes, rate: float) -> StageSettings:
    """The settings as `init` proposes them for a number of photographs."""
    changed = {"learning_rate": rate, "epochs": sizes.tag_epochs if name == "tag_encoder" else sizes.epochs}
    if name in ("cnn", "classifier"):
        changed["l2_coefficient"] = sizes.l2_coefficient
    return settings.model_copy(update=changed)


if __name__ == "__main__":
    typer.run(main)
