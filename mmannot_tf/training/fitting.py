"""One stage put together: its network at its initial weights, its batches, loss and validation."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf
from rich.progress import Progress as Bars

from mmannot_tf.config.settings import Config, StageSettings
from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.losses.quantity_error import quantity_error
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.summed import SummedLoss
from mmannot_tf.training.inference import outputs
from mmannot_tf.training.judge import judge, score
from mmannot_tf.training.loop import Job, Loop
from mmannot_tf.training.network import Blueprint, Network, build_network
from mmannot_tf.training.progress import StageLog
from mmannot_tf.training.run import Run
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage import Stage, bare
from mmannot_tf.training.stages import STAGES, owner
from mmannot_tf.training.trained import blueprint_of
from mmannot_tf.weights.source import resolve
from tfrecords_tools.files import digest


def fit_stage(session: Session, stage: Stage, bars: Bars) -> Mapping[str, float]:
    """Trains a stage, from its initial weights or its checkpoint.

    Args:
        session: the run and its records; the stages this one is made from are finished.
        stage: which.
        bars: the progress display to report on.

    Returns:
        Its best epoch and that epoch's validation score; its weights lie in the run.
    """
    run = session.run
    settings: StageSettings = getattr(run.config.stages, stage.name)
    batch_size = settings.batch_size or run.config.training.batch_size
    arrays = session.arrays("train")
    batches = session.batches(stage, "train", batch_size)
    width = batches.inputs.shape[1] if isinstance(batches, ArrayBatches) else 0
    # After the batches: computing features on the way draws seeds too, and must not move the initialisation.
    keras.utils.set_random_seed(int(digest([run.config.training.seed, stage.name])[:8], 16))
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


def _loss(config: Config, stage: Stage) -> Callable[[Any, Any], tf.Tensor]:
    known = {"labels": SigmoidCrossEntropy(config.training.loss_reduction), "quantity": quantity_error}
    losses = {target: known[target] for target in stage.targets}
    return SummedLoss(losses) if len(losses) > 1 else bare(losses)
