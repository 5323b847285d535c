"""A run's trained branches, joined to models for features, predictions and serving."""

from collections.abc import Sequence
from typing import Any

import keras

from mmannot_tf.models.flip_average import flip_averaged
from mmannot_tf.runs.configured_stages import averages_flips
from mmannot_tf.runs.heads import BACKBONE, has_heads_alone
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage, unwrap_single
from mmannot_tf.runs.stage_record import verified_weights
from mmannot_tf.runs.stages import PRETRAINED, owner
from mmannot_tf.training.network import (
    BUILDERS,
    NetworkSpec,
    apply_branches,
    concatenate_features,
    stage_inputs,
)
from mmannot_tf.weights.source import resolve


def network_spec_of(run: Run) -> NetworkSpec:
    """The sizes of a run's branches."""
    dataset = run.dataset
    size = dataset.vectors.size if dataset.vectors else 0
    return NetworkSpec(run.config, len(dataset.labels), len(dataset.tags), run.provenance, vector_size=size)


def trained_branch(run: Run, stage: Stage, name: str, shapes: Any) -> keras.Model:
    """A frozen branch with its weights after `stage`; `shapes` are those of its input or inputs."""
    branch = BUILDERS[name](network_spec_of(run), shapes)
    trained_by = owner(stage, name)
    is_initial = trained_by == PRETRAINED.name or (name == BACKBONE and has_heads_alone(run, trained_by))
    if branch.weights and is_initial:
        resolve(run.config.model.weights, run.config.model.backbone).load_into(branch)
    elif branch.weights:
        branch.load_weights(verified_weights(run, trained_by, name))
    branch.trainable = False
    return branch


def feature_model(run: Run, stages: Sequence[Stage]) -> keras.Model:
    """One model from the stages' common inputs to {stage name: feature [B, D]}.

    Branches that stages share (the frozen backbone of cnn and ms_cnn) are computed once. With
    `model.flip_average` all stages must average flips, or none.
    """
    model = _single_view(run, stages)
    if not averages_flips(run.config, stages[0]):
        return model
    inputs = stage_inputs(stages[0], network_spec_of(run))
    features = flip_averaged(
        lambda images: model(unwrap_single({**inputs, "images": images})), inputs["images"]
    )
    return keras.Model(unwrap_single(inputs), features, name="flip_averaged_features")


def _single_view(run: Run, stages: Sequence[Stage]) -> keras.Model:
    """The model of the features of each image as it is."""
    inputs = stage_inputs(stages[0], network_spec_of(run))
    # A path of branches, each with the stage that trained it → its output.
    computed: dict[tuple[object, ...], Any] = {(source,): start for source, start in inputs.items()}

    def output(stage: Stage, source: str, path: tuple[str, ...]) -> Any:
        key = (source, *((owner(stage, name), name) for name in path))
        if key not in computed:
            before = output(stage, source, path[:-1])
            computed[key] = apply_branches(
                path[-1:], before, lambda name, shapes: branch(stage, name, shapes)
            )
        return computed[key]

    def branch(stage: Stage, name: str, shapes: Any) -> keras.Model:
        built = trained_branch(run, stage, name, shapes)
        built.name = f"{owner(stage, name)}_{name}"
        return built

    def feature(stage: Stage) -> Any:
        return concatenate_features([output(stage, source, path) for source, path in stage.trunks.items()])

    return keras.Model(
        unwrap_single(inputs), {stage.name: feature(stage) for stage in stages}, name="features"
    )
