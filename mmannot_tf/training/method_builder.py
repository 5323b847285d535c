"""The compared systems between the run and the loop: their examples, their network, their scores."""

import functools
from collections.abc import Callable

import keras
import numpy as np

from mmannot_tf.baselines import METHODS
from mmannot_tf.baselines.method import Examples, MethodData, Sizes
from mmannot_tf.data.batches import ArrayBatches
from mmannot_tf.runs.plan import settings_of
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, bare
from mmannot_tf.training.inference import Inference, outputs
from mmannot_tf.training.network import Network
from mmannot_tf.training.recipe import Recipe
from mmannot_tf.training.session import Session
from mmannot_tf.training.validation import judge_scores

Splits = Callable[[str], MethodData]
"""A split's name to what a compared system may read of it."""


def method_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """How a compared system is trained."""
    method, settings = METHODS[stage.name], settings_of(session.run.config, stage)
    splits = method_splits(session, stage)
    held_out = _batches(session, stage, splits, "validation", batch_size).one_pass()
    labels = session.arrays("validation").labels

    def build() -> Network:
        train = splits("train")
        network = _build(session.run, stage, train.features.shape[1:])
        if method.adapt is not None:
            method.adapt(network, train, settings)
        return Network(network, {stage.name: network})

    def validation(network: Network) -> Callable:
        predicted = Inference(method.scores(network.model, settings), held_out, session.distribution)
        judged = session.run.config.evaluation
        return lambda: judge_scores(stage.name, predicted(), labels, judged)

    return Recipe(
        batches=_batches(session, stage, splits, "train", batch_size),
        build=build,
        loss=method.loss(settings),
        validation=validation,
    )


def method_scores(session: Session, stage: Stage, split: str, batch_size: int) -> np.ndarray:
    """A trained system's scores on a split, [N, C] float32: its ranking, or above 0 what it hands out."""
    run, splits = session.run, method_splits(session, stage)
    with session.distribution.scope():
        network = _build(run, stage, splits(split).features.shape[1:])
        network.load_weights(run.weights(stage.name, stage.name))
        scored = METHODS[stage.name].scores(network, settings_of(run.config, stage))
    held_out = _batches(session, stage, splits, split, batch_size).one_pass()
    return outputs(scored, held_out, session.distribution)


def method_splits(session: Session, stage: Stage) -> Splits:
    """What a compared system may read of each split; read once, and held no longer than what is returned."""

    @functools.cache
    def of(split: str) -> MethodData:
        arrays = session.arrays(split)
        return MethodData(
            session.features(split).joint(stage.features),
            arrays.tag_lists,
            arrays.labels,
            vocabulary=len(session.run.dataset.tags),
        )

    return of


def _batches(session: Session, stage: Stage, splits: Splits, split: str, batch_size: int) -> ArrayBatches:
    """A compared system's examples of a split, in batches of (inputs, targets by name)."""
    examples = METHODS[stage.name].prepare(splits, split, settings_of(session.run.config, stage))
    return ArrayBatches(
        bare(examples.inputs),
        examples.targets,
        batch_size,
        finish=_finish(examples),
        lengths=examples.lengths,
        names=session.arrays(split).ids,
    )


def _build(run: Run, stage: Stage, features: tuple[int, ...]) -> keras.Model:
    """A compared system's network, freshly initialised."""
    sizes = Sizes(features, len(run.dataset.labels), len(run.dataset.tags))
    return METHODS[stage.name].build(sizes, settings_of(run.config, stage))


def _finish(examples: Examples) -> Callable | None:
    """`Examples.finish` of a network that is passed its only input itself."""
    if examples.finish is None or len(examples.inputs) > 1:
        return examples.finish
    (name,) = examples.inputs

    def finish(inputs, targets):
        inputs, targets = examples.finish({name: inputs}, targets)
        return bare(inputs), targets

    return finish
