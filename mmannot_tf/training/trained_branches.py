"""Branches with the weights a run has trained, put together for features, predictions and serving."""

from collections.abc import Sequence
from typing import Any

import keras

from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, bare
from mmannot_tf.runs.stages import owner
from mmannot_tf.training.network import BUILDERS, Blueprint, follow, side_by_side, stage_inputs


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
    """One model from what all the stages read to {stage name: feature [B, D]}.

    What stages share (the frozen backbone of cnn and ms_cnn) is computed once.
    """
    inputs = stage_inputs(stages[0], blueprint_of(run))
    computed: dict[tuple, Any] = {(source,): start for source, start in inputs.items()}

    def output(stage: Stage, source: str, path: tuple[str, ...]) -> Any:
        trail = (source, *((owner(stage, name), name) for name in path))
        if trail not in computed:
            before = output(stage, source, path[:-1])
            computed[trail] = follow(path[-1:], before, lambda name, shapes: branch(stage, name, shapes))
        return computed[trail]

    def branch(stage: Stage, name: str, shapes: Any) -> keras.Model:
        built = trained_branch(run, stage, name, shapes)
        built.name = f"{owner(stage, name)}_{name}"
        return built

    def feature(stage: Stage) -> Any:
        return side_by_side([output(stage, source, path) for source, path in stage.trunks.items()])

    return keras.Model(bare(inputs), {stage.name: feature(stage) for stage in stages}, name="features")
