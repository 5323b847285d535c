"""A run from records to trained stages: what is done is skipped, what was interrupted goes on."""

from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.data.arrays import vocabulary
from mmannot_tf.runs import plan
from mmannot_tf.runs.run import Run, create_run, open_run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.training.distribution import Distribution, one_device, worker_loss_as_user_error
from mmannot_tf.training.job import AfterStep
from mmannot_tf.training.preemption import Signals
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage_builder import fit_stage
from mmannot_tf.weights.source import resolve
from tfrecords_tools.reading.records import open_records, reading
from tfrecords_tools.shell.console import notice, progress
from tfrecords_tools.shell.errors import UserError


def train(
    config: Config,
    *,
    data: Path,
    run: Path,
    stages: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    distribution: Distribution | None = None,
    after_step: AfterStep | None = None,
) -> Run:
    """Trains the configured stages (or those named), then the named compared systems, that are not done.

    Args:
        config: what to train.
        data: the records' folder.
        run: the run's folder; made where it does not exist, continued where it does.
        stages: names of stages, or None for all.
        methods: names of compared systems, or "all"; None for none.
        distribution: the replicas that train; None for one device. Every process of several calls this.
        after_step: called after each step, before its checkpoint is written, with the stage's loop.

    Raises:
        UserError: any input that cannot be worked with, in one line.
        Stopped: SIGTERM or SIGINT came; the stage under way is saved.
    """
    wanted, distribution = plan.chosen(config, stages, methods), distribution or one_device()
    if config.training.weight_decay == "literal":
        notice(
            "warning: weight decay as printed shrinks every kernel to nothing; docs/fidelity.md, reading 2"
        )
    session = open_training(config, data, run, distribution, wanted)
    signals = Signals(distribution.any_process if distribution.processes > 1 else None)
    with signals.listening(), worker_loss_as_user_error(distribution.processes):
        for stage in wanted:
            signals.check()
            _train_stage(session, stage, signals, after_step)
    return session.run


def _check_replicas(config: Config, stages: Sequence[Stage], examples: int, replicas: int) -> None:
    """Every replica must have a row of every batch, of the last one too; XLA compiles no sums over them."""
    if config.training.jit_compile and config.training.batch_norm == "synchronized" and replicas > 1:
        raise UserError(
            "training.jit_compile on several replicas needs batch norm that does not wait for the others "
            f'(training.batch_norm = "per-replica"). Received: "synchronized", {replicas} replicas.'
        )
    for stage in stages:
        batch_size = plan.settings_of(config, stage).batch_size or config.training.batch_size
        last = examples % batch_size or batch_size
        if min(batch_size, last) < replicas:
            raise UserError(
                f"Each of {replicas} replicas must have an example of every batch. Received: {stage.section}."
                f"{stage.name} with batches of {batch_size} and a last one of {last}. Change the batch size "
                "(it counts over all replicas), or use fewer replicas."
            )


def open_training(
    config: Config, data: Path, path: Path, distribution: Distribution, stages: Sequence[Stage]
) -> Session:
    """Makes the run at `path`, or continues it, to train `stages` on the records in `data`.

    Raises:
        UserError: the records, the run or the number of replicas does not do.
    """
    records = open_records(data)
    for split in ("train", "validation", "test"):
        if not records.splits.get(split):
            raise UserError(
                f"Records must have images in each split. Received: {records.path}, {split} is empty."
            )
    _check_replicas(config, stages, records.splits["train"], distribution.replicas)
    provenance = resolve(config.model.weights, config.model.backbone).provenance
    tags = vocabulary(records, config.data.vocabulary_size)
    run = distribution.by_chief(
        lambda: create_run(path, config, records=records, tags=tags, provenance=provenance)
    )
    if not config.training.jit_compile:  # XLA has no deterministic gradient of max pooling (TensorFlow 2.21)
        tf.config.experimental.enable_op_determinism()
    return Session(run or open_run(path), records, distribution)


def _train_stage(session: Session, stage: Stage, signals: Signals, after_step: AfterStep | None) -> None:
    run = session.run
    if session.distribution.agreed(lambda: plan.is_finished(run, stage)):
        return
    session.distribution.by_chief(lambda: plan.begin(run, stage))
    try:
        with progress() as bars, reading(session.records):
            outcome = fit_stage(session, stage, bars, signals, after_step=after_step)
    except tf.errors.ResourceExhaustedError as error:
        cause = str(error.message).splitlines()[0]
        raise UserError(
            f"Stage {stage.name} needs memory and disk space. Received: {cause}. "
            "The same command goes on where it stopped."
        ) from None
    session.distribution.by_chief(lambda: plan.finish(run, stage, outcome))
    keras.backend.clear_session(free_memory=True)
