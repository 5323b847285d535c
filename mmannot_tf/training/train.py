"""Trains a run's stages from records: skips finished stages and resumes an interrupted one."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.data.arrays import vocabulary
from mmannot_tf.data.trainable import check_trainable
from mmannot_tf.models.networks import VECTORS
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import select_stages, stage_settings
from mmannot_tf.runs.refit import check_refit, run_records, with_whole_paths
from mmannot_tf.runs.run import Run, create_run, open_run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stage_record import Outcome
from mmannot_tf.training.distribution import Distribution, one_device, worker_loss_as_user_error
from mmannot_tf.training.known_labels import check_known_labels
from mmannot_tf.training.loop.job import AfterStep
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.network import check_backbone
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage_builder import fit_stage
from mmannot_tf.training.untagged_choice import choose_untagged_heads
from mmannot_tf.weights.source import resolve
from tfrecords_tools.reading.records import Records, check_unchanged, data_loss_as_user_error, open_records
from tfrecords_tools.reading.stored_files import ChangedRecordsError
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import StoppedBySignal, UserError, one_line
from tfrecords_tools.shell.files import clear_leftovers_in
from tfrecords_tools.shell.lock import folder_lock
from tfrecords_tools.shell.progress import progress_bars

FOLDERS = ("stages/*", "features/*", "predictions", "decoded")
"""Where a run's files lie, besides its own folder."""


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
    """Trains the unfinished ones of the configured (or named) stages, then of the named compared systems.

    Args:
        config: of the run.
        data: the records' folder.
        run: the run's folder; created if it does not exist, else continued.
        stages: names of stages, or None for all.
        methods: names of compared systems, or "all"; None for none.
        distribution: the replicas that train; None for one device. Each of several processes calls this.
        after_step: called with the stage's loop after each step, before its checkpoint is written.

    Raises:
        UserError: an input is not usable.
        StoppedBySignal: SIGTERM or SIGINT came; the current stage is saved.
    """
    has_tags = bool(open_records(data).vocabulary and config.data.vocabulary_size)
    chosen = select_stages(config, stages, methods, has_tags=has_tags)
    distribution = distribution or one_device()
    if not has_tags:
        notice("note: without tags, stages and compared systems that need tags are left out")
    if config.training.weight_decay == "literal":
        notice(
            "warning: weight decay as printed shrinks every kernel to nothing; docs/fidelity.md, reading 2"
        )
    with contextlib.ExitStack() as stack:
        distribution.on_chief(lambda: stack.enter_context(_only_writer(run)))
        session = open_training(config, data, run, distribution, chosen)
        signals = Signals(distribution.any_process if distribution.processes > 1 else None)
        with signals.listening(), worker_loss_as_user_error(distribution.processes):
            for stage in chosen:
                signals.check()
                _train_stage(session, stage, signals, after_step)
            choose_untagged_heads(session)
    return session.run


@contextlib.contextmanager
def _only_writer(run: Path) -> Iterator[None]:
    """Locks a run for one training; removes what killed ones left in its folders."""
    with folder_lock(run, command="train", option="--run"):
        for folder in (run, *(place for pattern in FOLDERS for place in run.glob(pattern))):
            clear_leftovers_in(folder)
        yield


def _check_kind(config: Config, records: Records) -> None:
    """Checks that the configuration reads what the records have: images, or vectors."""
    backbone = config.model.backbone
    if records.vectors and backbone != VECTORS:
        raise UserError(
            f'Records of vectors need model.backbone = "{VECTORS}", as the configuration `vectors` has it. '
            f'Received: "{backbone}", and {records.path} with vectors of {records.vectors.model}.'
        )
    if backbone == VECTORS and not records.vectors:
        raise UserError(
            f'model.backbone = "{VECTORS}" needs records of vectors. Received: {records.path} with images. '
            "Build records with `mmannot-records build features`, or name another backbone."
        )


def _check_replicas(config: Config, stages: Sequence[Stage], examples: int, replicas: int) -> None:
    """Checks that every replica has a row of every batch, and that XLA need not compile an all-reduce."""
    if config.training.jit_compile and config.training.batch_norm == "synchronized" and replicas > 1:
        raise UserError(
            "training.jit_compile on several replicas needs batch norm without all-reduce "
            f'(training.batch_norm = "per-replica"). Received: "synchronized", {replicas} replicas.'
        )
    for stage in stages:
        batch_size = stage_settings(config, stage).batch_size or config.training.batch_size
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
    """Creates or opens the run at `path`, to train `stages` on the records in `data`.

    Raises:
        UserError: the records, the run or the number of replicas is not usable.
    """
    base = open_records(data)
    check_trainable(base)
    config = with_whole_paths(config)
    check_refit(config, base)
    records = run_records(config, base)
    _check_replicas(config, stages, records.splits["train"], distribution.replicas)
    check_known_labels(records, stages)
    _check_kind(config, records)
    provenance = resolve(config.model.weights, config.model.backbone).provenance
    check_backbone(config, provenance)
    tags = vocabulary(records, config.data.vocabulary_size)
    run = distribution.on_chief(
        lambda: create_run(path, config, records=records, tags=tags, provenance=provenance)
    )
    if not config.training.jit_compile:  # XLA has no deterministic gradient of max pooling (TensorFlow 2.21)
        tf.config.experimental.enable_op_determinism()
    return Session(run or open_run(path), records, distribution)


def _train_stage(session: Session, stage: Stage, signals: Signals, after_step: AfterStep | None) -> None:
    run = session.run
    if session.distribution.chief_decides(lambda: plan.is_finished(run, stage)):
        return
    session.distribution.on_chief(lambda: plan.begin(run, stage))
    with _discarded_if_records_change(session, stage):
        outcome = _fit(session, stage, signals, after_step)
        session.distribution.on_chief(lambda: check_unchanged(session.records))
    session.distribution.on_chief(lambda: plan.finish(run, stage, outcome))
    keras.backend.clear_session(free_memory=True)


def _fit(session: Session, stage: Stage, signals: Signals, after_step: AfterStep | None) -> Outcome:
    try:
        with progress_bars() as bars, data_loss_as_user_error(session.records):
            return fit_stage(session, stage, bars, signals, after_step=after_step)
    except tf.errors.ResourceExhaustedError as error:
        raise UserError(
            f"Stage {stage.name} needs memory and disk space. Received: {one_line(error)}. "
            "Run the same command to resume."
        ) from None


@contextlib.contextmanager
def _discarded_if_records_change(session: Session, stage: Stage) -> Iterator[None]:
    """Deletes an unfinished stage if the records were changed meanwhile: it learned from other images.

    Raises:
        ChangedRecordsError: they were; it replaces the error that ended the stage.
    """
    try:
        yield
    except (UserError, StoppedBySignal):
        if session.distribution.is_chief:
            try:
                check_unchanged(session.records)
            except ChangedRecordsError:
                shutil.rmtree(session.run.stage(stage.name), ignore_errors=True)
                raise
        raise
