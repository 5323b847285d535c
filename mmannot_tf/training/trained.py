"""Branches with the weights a run has trained, put together for features, predictions and serving."""

from collections.abc import Sequence
from typing import Any

import keras

from mmannot_tf.training.network import BUILDERS, Blueprint, follow, stage_input
from mmannot_tf.training.run import Run
from mmannot_tf.training.stage import Stage
from mmannot_tf.training.stages import owner


def blueprint_of(run: Run) -> Blueprint:
    """The sizes of a run's branches."""
    return Blueprint(run.config, len(run.dataset.labels), len(run.dataset.tags), run.provenance)


def trained_branch(run: Run, stage: Stage, name: str, shapes: Any) -> keras.Model:
    """A frozen branch as it is when `stage` is done; `shapes` are those of its input or inputs."""
    branch = BUILDERS[name](blueprint_of(run), shapes)
    if branch.weights:
        branch.load_weights(run.weights(owner(stage, name), name))
    branch.trainable = False
    return branch


def feature_model(run: Run, stages: Sequence[Stage]) -> keras.Model:
    """One model from the stages' common input to {stage name: feature [B, D]}.

    A stage's feature is the output of its path before the head. What stages share (the frozen backbone of
    cnn and ms_cnn) is computed once.
    """
    start = stage_input(stages[0], blueprint_of(run))
    computed: dict[tuple, Any] = {(): start}

    def output(stage: Stage, path: tuple[str, ...]) -> Any:
        trail = tuple((owner(stage, name), name) for name in path)
        if trail not in computed:
            before = output(stage, path[:-1])
            computed[trail] = follow(path[-1:], before, lambda name, shapes: branch(stage, name, shapes))
        return computed[trail]

    def branch(stage: Stage, name: str, shapes: Any) -> keras.Model:
        built = trained_branch(run, stage, name, shapes)
        built.name = f"{owner(stage, name)}_{name}"
        return built

    return keras.Model(
        start, {stage.name: output(stage, stage.path[:-1]) for stage in stages}, name="features"
    )


def head_model(run: Run, stage: Stage, feature_size: int) -> keras.Model:
    """A stage's trained head: features [B, D] to its output."""
    return trained_branch(run, stage, stage.head, (feature_size,))
