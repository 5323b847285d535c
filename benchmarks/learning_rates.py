"""Which learning rates a stage on cached features bears, and what bounds them.

    python benchmarks/learning_rates.py RUN [--stage quantity] [--rate 0.1 …] [--steps 500] [--json FILE]

RUN is a run whose earlier stages are trained; it is only read. Each stage begins anew at its initial weights
and trains at each rate, with batches of 32. The first table has the mean loss of the last 50 steps, or how
many steps were taken before the loss was not finite.

The second table has what bounds the rate: the mean squared norm of the features, and the largest eigenvalue λ
of the loss' Hessian at the initial weights, by power iteration on 1,024 training images. Gradient descent
with momentum μ on a quadratic loss diverges beyond the rate 2 (1 + μ) / λ (Polyak 1964, "Some methods of
speeding up the convergence of iteration methods"). Beside it stands the bound without momentum, and that for
features divided by the root of their mean squared norm.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
import typer

from mmannot_tf.runs.configured_stages import stage_named
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.training.loop.job import Job
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.loop.stage_log import SilentLog
from mmannot_tf.training.session import open_session
from mmannot_tf.training.stage_builder import stage_job
from tfrecords_tools.shell.progress import progress_bars

SHOWN = 50
"""Steps whose losses are averaged."""
IMAGES, ITERATIONS = 1024, 60
"""Of the power iteration; ours."""


@dataclass(frozen=True)
class Trial:
    """A stage at one rate.

    Attributes:
        stage: its name.
        rate: the learning rate.
        momentum: of the optimizer.
        loss: the mean loss of an image over the last steps; None where the loss was not finite.
        steps: that were taken with a finite loss.
    """

    stage: str
    rate: float
    momentum: float
    loss: float | None
    steps: int


@dataclass(frozen=True)
class Curvature:
    """What bounds a stage's learning rate.

    Attributes:
        stage: its name.
        norm: the mean squared norm of its inputs.
        largest: the largest eigenvalue of the Hessian.
        bound: the learning rate beyond which a quadratic loss diverges.
        bound_without_momentum: the same for momentum 0.
        bound_of_unit_norm: the same as `bound` for inputs with a mean squared norm of 1.
    """

    stage: str
    norm: float
    largest: float
    bound: float
    bound_without_momentum: float
    bound_of_unit_norm: float


def main(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    stages: Annotated[list[str], typer.Option("--stage", help="Stages on cached features.")] = [  # noqa: B006
        "classifier",
        "quantity_visual",
        "quantity",
    ],
    rates: Annotated[list[float], typer.Option("--rate")] = [0.1, 0.01, 0.001, 0.0001],  # noqa: B006
    momenta: Annotated[list[float], typer.Option("--momentum")] = [0.9],  # noqa: B006
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    steps: Annotated[int, typer.Option(min=1)] = 500,
    json_file: Annotated[Path | None, typer.Option("--json")] = None,
) -> None:
    """Prints both tables."""
    with tempfile.TemporaryDirectory() as scratch:  # a job opens its log in the run
        copy = Path(scratch) / "run"
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("decoded"))
        opened = open_run(copy)
        training = opened.config.training.model_copy(update={"batch_size": batch_size})
        opened = replace(opened, config=opened.config.model_copy(update={"training": training}))
        trials = [
            _trial(opened, stage, rate, momentum, steps)
            for stage in stages
            for momentum in momenta
            for rate in rates
        ]
        curvatures = [_curvature(opened, stage) for stage in stages]
    for trial in trials:
        outcome = f"not finite after {trial.steps} steps" if trial.loss is None else f"loss {trial.loss:.3f}"
        typer.echo(f"{trial.stage:16} momentum {trial.momentum:g}  rate {trial.rate:<8g} {outcome}")
    for one in curvatures:
        typer.echo(
            f"{one.stage:16} E|f|^2 {one.norm:.0f}  largest eigenvalue {one.largest:.3g}  "
            f"bound {one.bound:.2g}  without momentum {one.bound_without_momentum:.2g}  "
            f"at unit norm {one.bound_of_unit_norm:.2g}"
        )
    if json_file:
        rows = {"trials": [asdict(one) for one in trials], "curvatures": [asdict(one) for one in curvatures]}
        json_file.write_text(json.dumps(rows, indent=1) + "\n")


def _trial(run: Run, stage: str, rate: float, momentum: float, steps: int) -> Trial:
    losses: list[float] = []
    job = _job(run, stage)
    settings = job.settings.model_copy(update={"learning_rate": rate, "schedule": "constant"})
    training = job.training.model_copy(update={"momentum": momentum})
    loop = Loop(replace(job, settings=settings, training=training, log=SilentLog()))
    for epoch in range(-(-steps // job.steps)):
        for batch in loop.batches(epoch, min(job.steps, steps - epoch * job.steps)):
            losses.append(float(loop.step(batch)) / job.batch_size)
            if not np.isfinite(losses[-1]):
                return Trial(stage, rate, momentum, None, len(losses) - 1)
    return Trial(stage, rate, momentum, float(np.mean(losses[-SHOWN:])), len(losses))


def _job(run: Run, stage: str) -> Job:
    with progress_bars() as bars:
        job = stage_job(open_session(run), stage_named(run.config, stage), bars, Signals())
    job.log.close()
    return job


def _curvature(run: Run, stage: str) -> Curvature:
    job = _job(run, stage)
    batches = job.batches.epoch(seed=0, epoch=0).unbatch().batch(min(IMAGES, job.examples))
    features, targets = next(iter(batches))
    norm = float(tf.reduce_mean(tf.reduce_sum(features**2, axis=-1)))
    largest = largest_eigenvalue(job, features, targets)
    unit = largest_eigenvalue(job, features / norm**0.5, targets)
    momentum = 1 + job.training.momentum
    return Curvature(stage, norm, largest, 2 * momentum / largest, 2 / largest, 2 * momentum / unit)


def largest_eigenvalue(job: Job, features: tf.Tensor, targets: tf.Tensor) -> float:
    """The largest eigenvalue of the mean loss' Hessian in the trained weights, by power iteration."""
    model = job.network.model
    weights = [variable.value for variable in model.trainable_variables]

    @tf.function
    def product(vector: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = tf.reduce_mean(job.loss(targets, model(features, training=False)))
            gradients = inner.gradient(loss, weights)
            along = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(gradients, vector, strict=True)])
        return outer.gradient(along, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    draw = np.random.default_rng(0)
    vector: list[Any] = [tf.constant(draw.normal(size=weight.shape), tf.float32) for weight in weights]
    value = 0.0
    for _ in range(ITERATIONS):
        length = tf.linalg.global_norm(vector)
        vector = [part / length for part in vector]
        after = product(vector)
        value = float(sum(tf.reduce_sum(a * b) for a, b in zip(vector, after, strict=True)))
        vector = after
    return value


if __name__ == "__main__":
    typer.run(main)
