"""A run from records to trained stages: what is done is skipped, what was interrupted goes on."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.data.arrays import vocabulary
from mmannot_tf.training import plan
from mmannot_tf.training.fitting import fit_stage
from mmannot_tf.training.run import Run, create_run
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage import Stage
from mmannot_tf.weights.source import resolve
from tfrecords_tools.console import notice, progress
from tfrecords_tools.errors import UserError
from tfrecords_tools.files import read_json, write_json
from tfrecords_tools.records import open_records, reading


def train(
    config: Config,
    *,
    data: Path,
    run: Path,
    stages: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
) -> Run:
    """Trains the configured stages (or those named), then the named compared systems, that are not done.

    Args:
        config: what to train.
        data: the records' folder.
        run: the run's folder; made where it does not exist, continued where it does.
        stages: names of stages, or None for all.
        methods: names of compared systems, or "all"; None for none.

    Raises:
        UserError: any input that cannot be worked with, in one line.
    """
    wanted = plan.chosen(config, stages, methods)
    if config.training.weight_decay == "literal":
        notice(
            "warning: weight decay as printed shrinks every kernel to nothing; docs/fidelity.md, reading 2"
        )
    session = _open(config, data, run)
    tf.config.experimental.enable_op_determinism()
    for stage in wanted:
        _train_stage(session, stage)
    return session.run


def _open(config: Config, data: Path, path: Path) -> Session:
    records = open_records(data)
    for split in ("train", "validation", "test"):
        if not records.splits.get(split):
            raise UserError(
                f"Records must have images in each split. Received: {records.path}, {split} is empty."
            )
    provenance = resolve(config.model.weights, config.model.backbone).provenance
    tags = vocabulary(records, config.data.vocabulary_size)
    return Session(create_run(path, config, records=records, tags=tags, provenance=provenance), records)


def _train_stage(session: Session, stage: Stage) -> None:
    run = session.run
    plan.require_upstream(run, stage)
    if _is_done(run, stage):
        notice(f"{stage.name}: done, skipped")
        return
    _begin(run, stage)
    try:
        with progress() as bars, reading(session.records):
            outcome = fit_stage(session, stage, bars)
    except tf.errors.ResourceExhaustedError as error:
        cause = str(error.message).splitlines()[0]
        raise UserError(
            f"Stage {stage.name} needs memory and disk space. Received: {cause}. "
            "The same command goes on where it stopped."
        ) from None
    plan.finish(run, stage, outcome)
    shutil.rmtree(run.stage(stage.name) / "checkpoint", ignore_errors=True)
    (run.stage(stage.name) / "begun.json").unlink()
    keras.backend.clear_session(free_memory=True)


def _is_done(run: Run, stage: Stage) -> bool:
    """Whether a stage's weights hold; a stale stage is named with its reasons and taken away."""
    if plan.stage_digest(run, stage.name) is None:
        return False
    reasons = plan.staleness(run, stage)
    if reasons:
        notice(f"{stage.name}: stale ({'; '.join(reasons)}), training it again")
        shutil.rmtree(run.stage(stage.name))
    return not reasons


def _begin(run: Run, stage: Stage) -> None:
    """Keeps an interrupted stage's checkpoint only if it was made from the same things."""
    folder = run.stage(stage.name)
    begun, inputs = folder / "begun.json", plan.made_from(run, stage)
    if begun.exists():
        reasons = plan.differences(read_json(begun, "A stage's begun.json"), inputs)
        if not reasons:
            return
        notice(f"{stage.name}: begun with other settings ({'; '.join(reasons)}), beginning again")
    if folder.exists():
        shutil.rmtree(folder)
    write_json(begun, inputs)
