"""One stage put together: its network at its initial weights, its batches, loss and validation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf
from rich.progress import Progress as Bars

from mmannot_tf.config.settings import Config
from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.losses.quantity_error import quantity_error
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.summed import SummedLoss
from mmannot_tf.runs.plan import settings_of
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, bare
from mmannot_tf.runs.stages import STAGES, owner
from mmannot_tf.training.inference import Inference
from mmannot_tf.training.job import AfterStep, Job
from mmannot_tf.training.loop import Loop
from mmannot_tf.training.method_builder import method_recipe
from mmannot_tf.training.network import Blueprint, Network, build_network
from mmannot_tf.training.precision import computing_in
from mmannot_tf.training.preemption import Signals
from mmannot_tf.training.progress import SilentLog, StageLog
from mmannot_tf.training.recipe import Recipe, Validate
from mmannot_tf.training.session import Session
from mmannot_tf.training.trained_branches import blueprint_of
from mmannot_tf.training.validation import judge, score
from mmannot_tf.weights.source import resolve
from tfrecords_tools.shell.files import digest


def fit_stage(
    session: Session, stage: Stage, bars: Bars, signals: Signals, *, after_step: AfterStep | None = None
) -> Mapping[str, float]:
    """Trains a stage, from its initial weights or its checkpoint.

    Args:
        session: the run and its records; the stages this one is made from are finished.
        stage: which.
        bars: the progress display to report on.
        signals: that may ask for the end; then the stage is saved first.
        after_step: called with the loop after each step.

    Returns:
        Its best epoch and that epoch's validation score; its weights lie in the run.
    """
    job = replace(stage_job(session, stage, bars, signals), after_step=after_step)
    try:
        return Loop(job).run()
    finally:
        job.log.close()


def stage_job(session: Session, stage: Stage, bars: Bars, signals: Signals) -> Job:
    """All that training a stage needs, its network at its initial weights; arguments as of `fit_stage`."""
    run, settings = session.run, settings_of(session.run.config, stage)
    batch_size = settings.batch_size or run.config.training.batch_size
    recipe = RECIPES[stage.section](session, stage, batch_size)
    # After the batches: computing features on the way draws seeds and counts names of layers too, and must
    # move neither the initialisation nor the names in the weights' files. A stage that ended early left some.
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(int(digest([run.config.training.seed, stage.name])[:8], 16))
    with session.distribution.scope(), computing_in(run.config.training.precision):
        network = recipe.build()
        validate = recipe.validation(network)
    examples = len(session.arrays("train").ids)
    log = (StageLog if session.distribution.is_chief else SilentLog)(
        run.stage(stage.name),
        name=stage.name,
        epochs=settings.epochs,
        steps=-(-examples // batch_size),
        batch_size=batch_size,
        bars=bars,
    )
    return Job(
        network=network,
        loss=recipe.loss,
        batches=recipe.batches,
        examples=examples,
        settings=settings,
        section=stage.section,
        training=run.config.training,
        validate=validate,
        folder=run.stage(stage.name),
        log=log,
        distribution=session.distribution,
        signals=signals,
    )


def branch_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """How a stage of Algorithm 1, or of ours, is trained: branches put together as it says."""
    batches = session.batches(stage, "train", batch_size)
    width = batches.inputs.shape[1] if isinstance(batches, ArrayBatches) else 0

    def build() -> Network:
        network = build_network(stage, _blueprint(session.run, session.arrays("train")), width)
        _initialise(session.run, stage, network)
        return network

    return Recipe(
        batches=batches,
        build=build,
        loss=_loss(session.run.config, stage),
        validation=lambda network: _validation(session, stage, network.model),
    )


RECIPES: Mapping[str, Callable[[Session, Stage, int], Recipe]] = {
    "stages": branch_recipe,
    "methods": method_recipe,
}


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


def _validation(session: Session, stage: Stage, model: keras.Model) -> Validate:
    arrays = session.arrays("validation")
    batches = session.batches(stage, "validation", session.run.config.training.batch_size)
    over = batches.one_pass("validation") if isinstance(batches, ImageBatches) else batches.one_pass()
    predicted = Inference(model, over, session.distribution)

    def validate() -> tuple[dict[str, float], float]:
        measures = judge(stage, predicted(), arrays.labels, session.run.config.evaluation)
        return measures, score(stage, measures)

    return validate


def _loss(config: Config, stage: Stage) -> Callable[[Any, Any], tf.Tensor]:
    known = {"labels": SigmoidCrossEntropy(config.training.loss_reduction), "quantity": quantity_error}
    losses = {target: known[target] for target in stage.targets}
    return SummedLoss(losses) if len(losses) > 1 else bare(losses)
