"""Builds the training of a stage: its network at its initial weights, its batches, loss and validation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rich.progress import Progress

from mmannot_tf.config.settings import Config
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.losses.quantity_error import QuantityError
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.summed import SummedLoss
from mmannot_tf.runs.configured_stages import feature_source, has_frozen_backbone, stage_settings
from mmannot_tf.runs.refit import earlier_run, kept_epoch
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, unwrap_single
from mmannot_tf.runs.stage_record import Outcome
from mmannot_tf.runs.stages import KNOWN
from mmannot_tf.training.cross_validation import Fold, chosen_l2, cross_validated_l2
from mmannot_tf.training.frozen_groups import freeze_before
from mmannot_tf.training.inference.inference import Inference
from mmannot_tf.training.inference.trained_branches import network_spec_of, trained_branch
from mmannot_tf.training.initial_weights import initialise, start_classifiers
from mmannot_tf.training.loop.job import AfterStep, Batches, Job, Recipe, Validate
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from mmannot_tf.training.loop.stage_log import SilentLog, StageLog
from mmannot_tf.training.method_builder import method_recipe
from mmannot_tf.training.network import Network, NetworkSpec, build_network
from mmannot_tf.training.precision import computing_in
from mmannot_tf.training.session import Session
from mmannot_tf.training.validation import measure_outputs, selection_score
from tfrecords_tools.shell.files import digest

HeldOut = tuple[OrderedSplit, np.ndarray]
"""Batches of images that do not train, in a fixed order, and the targets of their labels, [N, C]."""


def fit_stage(
    session: Session, stage: Stage, bars: Progress, signals: Signals, *, after_step: AfterStep | None = None
) -> Outcome:
    """Trains a stage, from its initial weights or its checkpoint.

    Args:
        session: the run and its records; all earlier stages that this one needs are finished.
        stage: the stage.
        bars: the progress display.
        signals: may stop the training, after it has saved the stage.
        after_step: called with the loop after each step.

    Returns:
        The best epoch and its validation score; the weights are in the run.
    """
    job = replace(stage_job(session, stage, bars, signals), after_step=after_step)
    try:
        return Loop(job).run()
    finally:
        job.log.close()


def stage_job(session: Session, stage: Stage, bars: Progress, signals: Signals) -> Job:
    """All that training a stage needs; its network has its initial weights. Arguments as in `fit_stage`."""
    run, settings = session.run, _decided_settings(session, stage, signals)
    batch_size, examples = _batch_size(session, stage), len(session.arrays("train").ids)
    last_epoch = kept_epoch(run, stage.name)
    recipe = RECIPES[stage.section](session, stage, batch_size)
    log = (StageLog if session.distribution.is_chief else SilentLog)(
        run.stage(stage.name),
        name=stage.name,
        epochs=last_epoch or settings.epochs,
        steps=-(-examples // batch_size),
        batch_size=batch_size,
        bars=bars,
    )
    job = _job(session, stage, recipe, settings, examples=examples, log=log, signals=signals)
    return replace(job, last_epoch=last_epoch)


def _decided_settings(session: Session, stage: Stage, signals: Signals) -> StageSettings:
    """The stage's numbers; its L2 coefficient is chosen first, where it has candidates."""
    settings = stage_settings(session.run.config, stage)
    if not settings.l2_candidates:
        return settings
    earlier = earlier_run(session.run.config)
    if earlier is not None:
        return settings.model_copy(update={"l2_coefficient": chosen_l2(settings, earlier.stage(stage.name))})

    def score(coefficient: float, fold: Fold, folder: Path) -> float:
        tried = settings.model_copy(update={"l2_coefficient": coefficient})
        return Loop(fold_job(session, stage, fold, tried, folder, signals)).run()["best_score"]

    chosen = cross_validated_l2(
        settings,
        len(session.arrays("train").ids),
        name=stage.name,
        folder=session.run.stage(stage.name),
        seed=session.run.config.training.seed,
        distribution=session.distribution,
        score=score,
    )
    return settings.model_copy(update={"l2_coefficient": chosen})


def fold_job(
    session: Session, stage: Stage, fold: Fold, settings: StageSettings, folder: Path, signals: Signals
) -> Job:
    """The job of a stage that reads no images, on a part of the training split; another part scores.

    Args:
        session: as in `fit_stage`; so `stage` and `signals`.
        stage: the stage.
        fold: the rows that train, and those that score.
        settings: of this training.
        folder: for its checkpoint.
        signals: may stop it.
    """
    job = _job(
        session,
        stage,
        _fold_recipe(session, stage, fold),
        settings,
        examples=len(fold.kept),
        log=SilentLog(),
        signals=signals,
    )
    return replace(job, folder=folder)


def _batch_size(session: Session, stage: Stage) -> int:
    config = session.run.config
    return stage_settings(config, stage).batch_size or config.training.batch_size


def _job(
    session: Session,
    stage: Stage,
    recipe: Recipe,
    settings: StageSettings,
    *,
    examples: int,
    log: StageLog,
    signals: Signals,
) -> Job:
    """The job of a recipe, whose network gets the stage's initial weights."""
    run = session.run
    # Seed after the recipe: if it computes features, it draws seeds and counts layer names, which must change
    # neither the initialisation nor the names in the weights' files. An interrupted stage leaves some, too.
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(int(digest([run.config.training.seed, stage.name])[:8], 16))
    with session.distribution.scope(), computing_in(run.config.training.precision):
        network = recipe.build()
        validate = recipe.validation(network) if "validation" in session.records.splits else _nothing
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


def _nothing() -> tuple[Mapping[str, float], float]:
    """Measures nothing: all images train."""
    return {}, 0.0


def branch_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """The recipe of a stage of Algorithm 1, or of one of ours: a network of branches."""
    if has_frozen_backbone(session.run.config, stage):
        return _head_recipe(session, stage, batch_size)
    batches = session.training_batches(stage, batch_size)

    def held_out() -> HeldOut:
        split = session.ordered_split(stage, "validation", session.run.config.training.batch_size)
        return split, session.arrays("validation").targets

    return _recipe(session, stage, batches, session.arrays("train"), held_out)


def _fold_recipe(session: Session, stage: Stage, fold: Fold) -> Recipe:
    """The recipe of a stage that reads no images, trained and measured on parts of the training split."""
    if has_frozen_backbone(session.run.config, stage):
        stage = _head_stage(session, stage)
    batches = session.training_arrays(stage, _batch_size(session, stage))
    arrays = session.arrays("train")
    held_out = batches.rows(fold.held).ordered_split(), arrays.targets[fold.held]
    return _recipe(session, stage, batches.rows(fold.kept), arrays.rows(fold.kept), lambda: held_out)


def _recipe(
    session: Session,
    stage: Stage,
    batches: Batches,
    arrays: SplitArrays,
    held_out: Callable[[], HeldOut],
) -> Recipe:
    """The recipe that trains on `batches`, whose images `arrays` describe, and measures on `held_out`."""
    settings = stage_settings(session.run.config, stage)
    inputs = batches.inputs if isinstance(batches, ArrayBatches) else None
    width = inputs.shape[1] if isinstance(inputs, np.ndarray) else 0

    def build() -> Network:
        spec = _network_spec(session.run, arrays)
        network = build_network(stage, spec, width)
        if spec.standardized and stage.reads == ("features",):
            for head in stage.heads:
                network.branches[head].get_layer("standardization").adapt(inputs)
        if session.run.config.model.classifier_start == "frequencies":
            start_classifiers(stage, network, arrays.targets)
        if "backbone" in stage.trains:
            name = session.run.config.model.backbone
            freeze_before(network.branches["backbone"], settings.trained_from, name=name)
        initialise(session.run, stage, network)
        return network

    return Recipe(
        batches=batches,
        build=build,
        loss=_loss(session.run.config, stage),
        validation=lambda network: _validation(session, stage, network.model, *held_out()),
    )


def _head_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """The recipe of a stage that leaves the backbone as it is: its head, on features that are computed once.

    The backbone is saved beside the head, so that later stages find all branches of this one.
    """
    run, head = session.run, _head_stage(session, stage)
    recipe = branch_recipe(session, head, batch_size)
    (source,) = head.features

    def build() -> Network:
        network = recipe.build()
        backbone = trained_branch(run, KNOWN[source], "backbone", network_spec_of(run).image_shape())
        backbone.trainable = True  # trained branches are saved
        return Network(network.model, {"backbone": backbone, **network.branches})

    return replace(recipe, build=build)


def _head_stage(session: Session, stage: Stage) -> Stage:
    """The head of a stage that leaves the backbone as it is, as a stage on fixed features."""
    return replace(
        stage,
        trunks={"features": ()},
        trains=tuple(stage.heads),
        starts_from={name: earlier for name, earlier in stage.starts_from.items() if name in stage.heads},
        features=(feature_source(session.run.config, stage.name),),
    )


RECIPES: Mapping[str, Callable[[Session, Stage, int], Recipe]] = {
    "stages": branch_recipe,
    "methods": method_recipe,
}


def _network_spec(run: Run, arrays: SplitArrays) -> NetworkSpec:
    return replace(network_spec_of(run), mean_quantity=arrays.mean_quantity)


def _validation(
    session: Session, stage: Stage, model: keras.Model, held_out: OrderedSplit, targets: np.ndarray
) -> Validate:
    inference = Inference(model, held_out, session.distribution)
    evaluation = session.run.config.evaluation

    def validate() -> tuple[dict[str, float], float]:
        measures = measure_outputs(stage, inference(), targets, evaluation)
        return measures, selection_score(stage, measures)

    return validate


def _loss(config: Config, stage: Stage) -> Callable[[Any, Any], tf.Tensor]:
    known = {"labels": SigmoidCrossEntropy(config.training.loss_reduction), "quantity": QuantityError()}
    losses: dict[str, keras.losses.Loss] = {target: known[target] for target in stage.targets}
    return (SummedLoss(losses) if len(losses) > 1 else unwrap_single(losses)).call
