"""A run's heads alone, in float16, beside a backbone that everyone can fetch. No TensorFlow."""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from mmannot_tf.config import loading
from mmannot_tf.config.settings import Config
from mmannot_tf.runs.configured_stages import feature_source, stage_named
from mmannot_tf.runs.plan import finish
from mmannot_tf.runs.run import CONFIG, Run, copy_facts, open_run
from mmannot_tf.runs.stage_record import Outcome, read_record, verified_weights
from mmannot_tf.runs.stages import PRETRAINED
from mmannot_tf.runs.untagged import read_choice, write_choice
from mmannot_tf.weights.published import PUBLISHED
from mmannot_tf.weights.source import can_be_fetched
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_text

BACKBONE = "backbone"
_LEAST_DIMENSIONS = 2
"""Matrices are rounded; biases, means and deviations are few, and stay float32."""


def leaves_backbone(config: Config, stage: str) -> bool:
    """Whether a stage's backbone has its initial weights."""
    return feature_source(config, stage) == PRETRAINED.name


def write_heads(run: Run, folder: Path, branches: Iterable[tuple[str, str]]) -> Run:
    """Writes a run that holds some of another one's branches, without the backbone.

    Matrices are rounded to float16. The backbone's weights are read from where `model.weights` says.

    Args:
        run: its stages are finished.
        folder: a new one.
        branches: stage and name of each branch that is kept; "backbone" may be among them.

    Returns:
        The run that was written; its records' folder is not stated.

    Raises:
        UserError: the backbone was trained, or others cannot fetch its initial weights.
    """
    kept: dict[str, list[str]] = {}
    for stage, branch in branches:
        kept.setdefault(stage, []).append(branch)
    for stage, names in kept.items():
        if BACKBONE in names:
            _check_backbone(run, stage)
    folder.mkdir(parents=True)
    training = run.config.training.model_copy(update={"refit_of": None})
    write_text(folder / CONFIG, loading.dump(run.config.model_copy(update={"training": training})))
    copy_facts(run, folder)
    heads = open_run(folder)
    for stage, names in kept.items():
        _write_stage(run, heads, stage, [name for name in names if name != BACKBONE])
    choice = read_choice(run)
    if choice is not None:
        write_choice(heads, choice.image_f1, choice.images)
    return heads


def _check_backbone(run: Run, stage: str) -> None:
    model = run.config.model
    if not leaves_backbone(run.config, stage):
        raise UserError(
            "heads can be exported alone if no stage has moved the backbone (`backbone_rate = 0`). Received: "
            f"{run.path}, where {stage} trained it. Choose another --format."
        )
    if not can_be_fetched(model.weights, model.backbone):
        raise UserError(
            f"heads can be exported alone if others can fetch the backbone's weights: model.weights must be "
            f"imagenet or {', '.join(PUBLISHED)}. Received: {model.weights}. Choose another --format."
        )


def _write_stage(run: Run, heads: Run, stage: str, names: Iterable[str]) -> None:
    record = read_record(run, stage)
    if record is None:
        raise UserError(f"Stage {stage} must be trained. Received: {run.path}, where it is not finished.")
    (heads.stage(stage) / "weights").mkdir(parents=True)
    for name in names:
        source = run.weights(stage, name)
        if source.is_file():  # branches without weights, as pooling, have no file
            _round(verified_weights(run, stage, name), heads.weights(stage, name))
    outcome: Outcome = {"best_epoch": record.best_epoch}
    if record.best_score is not None:
        outcome["best_score"] = record.best_score
    finish(heads, stage_named(heads.config, stage), outcome)


def _round(source: Path, target: Path) -> None:
    """Copies a file of weights, its float32 matrices as float16."""
    with h5py.File(source) as full, h5py.File(target, "w") as rounded:
        _copy_group(full, rounded)


def _copy_group(source: h5py.Group, target: h5py.Group) -> None:
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy_group(item, target.create_group(name))
            continue
        values = item[()]
        is_matrix = values.ndim >= _LEAST_DIMENSIONS and values.dtype == np.float32
        stored = target.create_dataset(name, data=values.astype(np.float16) if is_matrix else values)
        stored.attrs.update(item.attrs)


def has_heads_alone(run: Run, stage: str) -> bool:
    """Whether a finished stage's backbone is not in the run, but where `model.weights` says."""
    record = read_record(run, stage)
    is_absent = record is not None and run.weights(stage, BACKBONE).name not in record.weights
    return is_absent and leaves_backbone(run.config, stage)
