"""Builds a compared system from a run: its examples, network and validation; scores of a trained one."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from mmannot_tf.baselines import METHODS
from mmannot_tf.baselines.method import Examples, MethodData, Sizes
from mmannot_tf.config.methods import LABEL_LAYERS
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.layers.feature_standardization import mean_and_deviation
from mmannot_tf.models.classifier import start_at_frequencies
from mmannot_tf.runs.configured_stages import stage_settings
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, unwrap_single
from mmannot_tf.runs.stage_record import verified_weights
from mmannot_tf.training.inference.inference import Inference, model_outputs
from mmannot_tf.training.loop.job import Recipe, Validate
from mmannot_tf.training.network import Network
from mmannot_tf.training.session import Session
from mmannot_tf.training.validation import measure_method_scores

Splits = Callable[[str], MethodData]
"""A split's name → the data of the split that a compared system may read."""

Finish = Callable[[Any, Any], tuple[Any, Any]]
"""(inputs, targets) of a batch → (inputs, targets)."""


def method_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """The recipe of a compared system."""
    method, settings = METHODS[stage.name], stage_settings(session.run.config, stage)
    splits = method_splits(session, stage)

    def build() -> Network:
        train = splits("train")
        network = _build(session.run, stage, train.features.shape[1:])
        if method.adapt is not None:
            method.adapt(network, train, settings)
        if stage.name in LABEL_LAYERS and session.run.config.model.classifier_start == "frequencies":
            start_at_frequencies(network, network.get_layer(LABEL_LAYERS[stage.name]), train.targets)
        return Network(network, {stage.name: network})

    def validation(network: Network) -> Validate:
        """Returns a function that scores the validation split with the network's current weights."""
        held_out = _batches(session, stage, splits, "validation", batch_size).ordered_split()
        targets = session.arrays("validation").targets
        scores = Inference(method.scores(network.model, settings), held_out, session.distribution)
        evaluation = session.run.config.evaluation
        return lambda: measure_method_scores(stage.name, scores(), targets, evaluation)

    return Recipe(
        batches=_batches(session, stage, splits, "train", batch_size),
        build=build,
        loss=method.loss(settings),
        validation=validation,
    )


def method_scores(session: Session, stage: Stage, split: str, batch_size: int) -> np.ndarray:
    """A trained system's scores on a split, [N, C] float32; if it decodes labels, above 0 for these."""
    run, splits = session.run, method_splits(session, stage)
    with session.distribution.scope():
        network = _build(run, stage, splits(split).features.shape[1:])
        network.load_weights(verified_weights(run, stage.name, stage.name))
        scorer = METHODS[stage.name].scores(network, stage_settings(run.config, stage))
    held_out = _batches(session, stage, splits, split, batch_size).ordered_split()
    return model_outputs(scorer, held_out, session.distribution)


def method_splits(session: Session, stage: Stage) -> Splits:
    """The data that a compared system may read of each split; cached in the returned function."""

    @functools.cache
    def data_of(split: str) -> MethodData:
        arrays = session.arrays(split)
        return MethodData(
            _scaled(session, stage, session.features(split).concatenated(stage.features)),
            arrays.tag_lists,
            arrays.labels,
            vocabulary=len(session.run.dataset.tags),
            unknown=arrays.unknown,
        )

    return data_of


def _scaled(session: Session, stage: Stage, features: np.ndarray) -> np.ndarray:
    """The features as `model.feature_scaling` has them, also for compared systems."""
    if session.run.config.model.feature_scaling == "none":
        return features
    mean, deviation = mean_and_deviation(session.features("train").concatenated(stage.features))
    return (features - mean) / deviation


def _batches(session: Session, stage: Stage, splits: Splits, split: str, batch_size: int) -> ArrayBatches:
    """A compared system's examples of a split, in batches of (inputs, targets by name)."""
    examples = METHODS[stage.name].prepare(splits, split, stage_settings(session.run.config, stage))
    return ArrayBatches(
        unwrap_single(examples.inputs),
        examples.targets,
        batch_size,
        finish=_finish(examples),
        lengths=examples.lengths,
        names=session.arrays(split).ids,
    )


def _build(run: Run, stage: Stage, features: tuple[int, ...]) -> keras.Model:
    """A compared system's network, freshly initialised."""
    sizes = Sizes(features, len(run.dataset.labels), len(run.dataset.tags))
    return METHODS[stage.name].build(sizes, stage_settings(run.config, stage))


def _finish(examples: Examples) -> Finish | None:
    """`Examples.finish` for a network that takes a single input instead of a dict."""
    finish_by_name = examples.finish
    if finish_by_name is None or len(examples.inputs) > 1:
        return finish_by_name
    (name,) = examples.inputs

    def finish(inputs: Any, targets: Any) -> tuple[Any, Any]:
        inputs, targets = finish_by_name({name: inputs}, targets)
        return unwrap_single(inputs), targets

    return finish
