"""A run from records to trained stages: what is done is skipped, what was interrupted goes on."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf
from rich.progress import Progress as Bars

from mmannot_tf.config.settings import Config, StageSettings
from mmannot_tf.data.arrays import SplitArrays, vocabulary
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.losses.quantity_error import quantity_error
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.training import plan
from mmannot_tf.training.inference import outputs
from mmannot_tf.training.judge import judge, score
from mmannot_tf.training.loop import Job, Loop
from mmannot_tf.training.network import Blueprint, Network, build_network
from mmannot_tf.training.progress import StageLog
from mmannot_tf.training.run import Run, create_run
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage import Stage
from mmannot_tf.training.stages import STAGES, owner
from mmannot_tf.training.trained import blueprint_of
from mmannot_tf.weights.source import resolve
from tfrecords_tools.console import notice, progress
from tfrecords_tools.errors import UserError
from tfrecords_tools.files import digest, read_json, write_json
from tfrecords_tools.records import open_records, reading


def train(config: Config, *, data: Path, run: Path, stages: Sequence[str] | None = None) -> Run:
    """Trains the configured stages (or those named) that are not done, in order.

    Args:
        config: what to train.
        data: the records' folder.
        run: the run's folder; made where it does not exist, continued where it does.
        stages: names of stages, or None for all.

    Raises:
        UserError: any input that cannot be worked with, in one line.
    """
    wanted = plan.chosen(config, stages)
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
    for name in stage.upstream:
        if plan.stage_digest(run, name) is None:
            raise UserError(f"Stage {stage.name} needs stage {name} trained first. Add {name} to --stages.")
    if _is_done(run, stage):
        notice(f"{stage.name}: done, skipped")
        return
    _begin(run, stage)
    try:
        with progress() as bars, reading(session.records):
            outcome = _fit(session, stage, bars)
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


def _fit(session: Session, stage: Stage, bars: Bars) -> Mapping[str, float]:
    run = session.run
    settings: StageSettings = getattr(run.config.stages, stage.name)
    batch_size = settings.batch_size or run.config.training.batch_size
    arrays = session.arrays("train")
    keras.utils.set_random_seed(int(digest([run.config.training.seed, stage.name])[:8], 16))
    batches = session.batches(stage, "train", batch_size)
    width = batches.inputs.shape[1] if isinstance(batches, ArrayBatches) else 0
    with tf.distribute.get_strategy().scope():
        network = build_network(stage, _blueprint(run, arrays), width)
        _initialise(run, stage, network)
    steps = -(-len(arrays.ids) // batch_size)
    log = StageLog(
        run.stage(stage.name),
        name=stage.name,
        epochs=settings.epochs,
        steps=steps,
        batch_size=batch_size,
        bars=bars,
    )
    job = Job(
        network=network,
        loss=_loss(run.config, stage),
        batches=batches,
        examples=len(arrays.ids),
        settings=settings,
        training=run.config.training,
        validate=_validation(session, stage, network.model),
        folder=run.stage(stage.name),
        log=log,
    )
    try:
        return Loop(job).run()
    finally:
        log.close()


def _blueprint(run: Run, arrays: SplitArrays) -> Blueprint:
    sizes = blueprint_of(run)
    return Blueprint(sizes.config, sizes.labels, sizes.tags, sizes.provenance, float(arrays.quantity.mean()))


def _initialise(run: Run, stage: Stage, network: Network) -> None:
    """Order of initialisation: an earlier stage's weights > the backbone's source > as built."""
    for name, branch in network.branches.items():
        if name in stage.starts_from:
            before = STAGES[stage.starts_from[name]]
            branch.load_weights(run.weights(owner(before, name), name))
        elif name == "backbone":
            resolve(run.config.model.weights, run.config.model.backbone).load_into(branch)


def _validation(session: Session, stage: Stage, model: keras.Model) -> Callable:
    arrays = session.arrays("validation")
    batches = session.batches(stage, "validation", session.run.config.training.batch_size)
    ordered = batches.split("validation") if isinstance(batches, ImageBatches) else batches.ordered()

    def validate() -> tuple[dict[str, float], float]:
        measures = judge(stage, outputs(model, ordered), arrays.labels, session.run.config.evaluation)
        return measures, score(stage, measures)

    return validate


def _loss(config: Config, stage: Stage) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    if stage.target == "quantity":
        return quantity_error
    return SigmoidCrossEntropy(config.training.loss_reduction)
