"""The compared systems between the run and the loop: their examples, their network, their scores."""

from collections.abc import Callable

import keras
import numpy as np

from mmannot_tf.baselines import METHODS
from mmannot_tf.baselines.method import Examples, MethodData, Sizes
from mmannot_tf.data.batches import ArrayBatches
from mmannot_tf.training.inference import outputs
from mmannot_tf.training.judge import judge_scores
from mmannot_tf.training.network import Network
from mmannot_tf.training.plan import settings_of
from mmannot_tf.training.recipe import Recipe
from mmannot_tf.training.run import Run
from mmannot_tf.training.session import Session
from mmannot_tf.training.stage import Stage, bare


def method_recipe(session: Session, stage: Stage, batch_size: int) -> Recipe:
    """How a compared system is trained."""
    method, settings = METHODS[stage.name], settings_of(session.run.config, stage)
    train = method_data(session, stage, "train")
    held_out = method_batches(session, stage, "validation", batch_size).one_pass()
    labels = session.arrays("validation").labels

    def build() -> Network:
        network = build_method(session.run, stage, train.features.shape[1:])
        if method.adapt is not None:
            method.adapt(network, train, settings)
        return Network(network, {stage.name: network})

    def validation(network: Network) -> Callable:
        scored = method.scores(network.model, settings)
        judged = session.run.config.evaluation
        return lambda: judge_scores(
            stage.name, outputs(scored, held_out, session.distribution), labels, judged
        )

    return Recipe(
        batches=method_batches(session, stage, "train", batch_size),
        build=build,
        loss=method.loss(settings),
        validation=validation,
    )


def method_data(session: Session, stage: Stage, split: str) -> MethodData:
    """What a compared system may read of a split."""
    arrays = session.arrays(split)
    return MethodData(session.features(split).joint(stage.features), arrays.tags, arrays.labels)


def method_batches(session: Session, stage: Stage, split: str, batch_size: int) -> ArrayBatches:
    """A compared system's examples of a split, in batches of (inputs, targets by name)."""
    examples = _examples(session, stage, split)
    return ArrayBatches(
        bare(examples.inputs),
        examples.targets,
        batch_size,
        finish=_finish(examples),
        lengths=examples.lengths,
        names=session.arrays(split).ids,
    )


def build_method(run: Run, stage: Stage, features: tuple[int, ...]) -> keras.Model:
    """A compared system's network, freshly initialised."""
    sizes = Sizes(features, len(run.dataset.labels), len(run.dataset.tags))
    return METHODS[stage.name].build(sizes, settings_of(run.config, stage))


def method_scores(session: Session, stage: Stage, split: str, batch_size: int) -> np.ndarray:
    """A trained system's scores on a split, [N, C] float32: its ranking, or above 0 what it hands out."""
    run = session.run
    with session.distribution.scope():
        network = build_method(run, stage, method_data(session, stage, split).features.shape[1:])
        network.load_weights(run.weights(stage.name, stage.name))
        scored = METHODS[stage.name].scores(network, settings_of(run.config, stage))
    held_out = method_batches(session, stage, split, batch_size).one_pass()
    return outputs(scored, held_out, session.distribution)


def _examples(session: Session, stage: Stage, split: str) -> Examples:
    method, settings = METHODS[stage.name], settings_of(session.run.config, stage)
    return method.prepare(lambda name: method_data(session, stage, name), split, settings)


def _finish(examples: Examples) -> Callable | None:
    """`Examples.finish` of a network that is passed its only input itself."""
    if examples.finish is None or len(examples.inputs) > 1:
        return examples.finish
    (name,) = examples.inputs

    def finish(inputs, targets):
        inputs, targets = examples.finish({name: inputs}, targets)
        return bare(inputs), targets

    return finish
