"""Which stages are finished, interrupted, missing or stale (and why). No TensorFlow."""

import shutil
from collections.abc import Iterable, Mapping

from mmannot_tf.config import data_keys
from mmannot_tf.config.loading import flatten
from mmannot_tf.config.methods import LABEL_LAYERS
from mmannot_tf.config.model import ModelSettings
from mmannot_tf.config.settings import DataSettings, TrainingSettings
from mmannot_tf.config.stage import JointHeadSettings
from mmannot_tf.runs.configured_stages import (
    averages_flips,
    configured_stages,
    has_frozen_backbone,
    stage_named,
)
from mmannot_tf.runs.refit import kept_epoch
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stage_record import Outcome, StageRecord, check_weights_file, read_record, write_record
from mmannot_tf.runs.stages import KNOWN, METHOD_STAGES, POOLED_SCALES, PRETRAINED, is_view, owner
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.documents import read_sealed, sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json, digest, sha256, write_json

# The configuration keys each branch is built from; the rest of [model] does not concern a stage without it.
BRANCH_KEYS: Mapping[str, tuple[str, ...]] = {
    "backbone": (
        "model.backbone",
        "model.taps",
        "model.weights",
        "model.batch_norm_momentum",
        "model.backbone_epsilon",
        "model.block_epsilon",
        "training.batch_norm",
    ),
    "pooling": (),
    "pooled_scales": ("model.pooled_maps",),
    "places": (),
    "fusion": (
        "model.block_epsilon",
        "model.batch_norm_momentum",
        "model.fusion_gamma",
        "training.batch_norm",
    ),
    "tag_encoder": ("model.tag_hidden", "model.tag_dropout"),
    "probe": ("model.feature_scaling", "model.classifier_start"),
    "classifier": ("model.feature_scaling", "model.classifier_start"),
    "quantity": (
        "model.quantity_hidden",
        "model.dropout",
        "model.quantity_bias",
        "model.feature_scaling",
    ),
    **dict.fromkeys(LABEL_LAYERS, ("model.classifier_start",)),
}
READING_KEYS: Mapping[str, tuple[str, ...]] = {
    "images": (
        *(f"data.{key}" for key in (*sorted(data_keys.PIXELS), *data_keys.AUGMENTATION)),
        "training.shuffle_buffer",
    ),
    "tags": tuple(f"data.{key}" for key in data_keys.TAGS),
    "features": ("model.flip_average",),
}
KEPT_EPOCH = "epochs"
"""The input of a refit's stage that comes from the run that it refits."""
SHARED_KEYS = (
    "training.seed",
    "training.batch_size",
    "training.momentum",
    "training.precision",
    "training.weight_decay",
    "training.l2_coefficient",
    "training.average_decay",
)
SECTION_KEYS: Mapping[str, tuple[str, ...]] = {
    "stages": ("training.loss_reduction", "training.reestimate_batches"),
    "methods": ("model.feature_scaling",),
}


def stage_inputs(run: Run, stage: Stage) -> dict[str, Json]:
    """Everything that a stage's weights depend on, by name: "made_from" in stage.json."""
    epoch = kept_epoch(run, stage.name)
    return _own_inputs(run, stage) if epoch is None else {**_own_inputs(run, stage), KEPT_EPOCH: epoch}


def _own_inputs(run: Run, stage: Stage) -> dict[str, Json]:
    """What a stage's weights depend on within its run and its records."""
    settings = flatten(run.config.model_dump(mode="json"))
    keys = [*SHARED_KEYS, *SECTION_KEYS[stage.section]]
    reads = (*stage.reads, "features") if has_frozen_backbone(run.config, stage) else stage.reads
    keys += [key for source in reads for key in READING_KEYS[source]]
    keys += [key for branch in stage.branches for key in BRANCH_KEYS.get(branch, ())]
    keys += [key for key in settings if key.startswith(f"{stage.section}.{stage.name}.")]
    inputs = {key: settings[key] for key in dict.fromkeys(keys)}
    inputs["records"] = run.dataset.digest
    if "backbone" in stage.branches and owner(stage, "backbone") == stage.name:
        inputs["backbone weights"] = run.provenance.digest
    for name in stage.upstream:
        inputs[f"stage {name}"] = stage_digest(run, name)
    return inputs


def stage_digest(run: Run, name: str) -> str | None:
    """The digest of a finished stage's weights and of what they were made from; None where it is not done.

    The digest of a view is that of the stage whose branches it shows, or of the initial backbone; that of
    pooled scales also says how many maps, where it is another number than the default.
    """
    if name == PRETRAINED.name:
        settings = flatten(run.config.model_dump(mode="json"))
        keys = (*(f"data.{key}" for key in data_keys.PIXELS), "model.backbone", "model.backbone_epsilon")
        values = [settings[key] for key in keys]
        return digest([run.provenance.digest, run.dataset.digest, *values, *run.config.model.taps])
    shown = KNOWN[name].upstream[0] if is_view(KNOWN[name]) else name
    record = read_record(run, shown)
    if record is None:
        return None
    maps = run.config.model.pooled_maps
    if name == POOLED_SCALES.name and maps != ModelSettings().pooled_maps:
        return digest([record.digest, "pooled_maps", maps])
    return record.digest


def feature_digest(run: Run, name: str) -> str | None:
    """The digest of what a stage's cached feature is computed from; None where the stage is not done."""
    made_from = stage_digest(run, name)
    if made_from is None or not averages_flips(run.config, KNOWN[name]):
        return made_from
    return digest([made_from, "flip_average"])


def is_finished(run: Run, stage: Stage) -> bool:
    """Returns whether a stage is trained and its weights hold; deletes a stale stage and reports why.

    Raises:
        UserError: an earlier stage is missing or stale, or the weights were changed after training.
    """
    require_upstream(run, stage)
    if stage_digest(run, stage.name) is None:
        return False
    reasons = staleness(run, stage)
    if reasons:
        notice(f"{stage.name}: stale ({'; '.join(reasons)}), training it again")
        (run.stage(stage.name) / "stage.json").unlink()  # first: files without it are ignored
        shutil.rmtree(run.stage(stage.name))
    else:
        notice(f"{stage.name}: done, skipped")
    return not reasons


def begin(run: Run, stage: Stage) -> None:
    """Writes begun.json; deletes the checkpoint of an interrupted stage that had other inputs."""
    folder = run.stage(stage.name)
    begun, inputs = folder / "begun.json", stage_inputs(run, stage)
    if begun.exists():
        remedy = f"Delete {folder} to begin the stage again."
        before = read_sealed(begun, what="A stage's begun.json", remedy=remedy)
        reasons = changed_inputs(before, inputs)
        if not reasons:
            return
        notice(f"{stage.name}: begun with other settings ({'; '.join(reasons)}), beginning again")
    if folder.exists():
        shutil.rmtree(folder)
    write_json(begun, sealed(inputs))


def finish(run: Run, stage: Stage, outcome: Outcome) -> None:
    """Writes stage.json, which marks the stage as finished; then deletes its checkpoint and begun.json.

    `outcome` is what training returned; stage.json keeps it.
    """
    folder, inputs = run.stage(stage.name), stage_inputs(run, stage)
    weights = {file.name: sha256(file) for file in sorted((folder / "weights").iterdir())}
    record = StageRecord(
        stage=stage.name, **outcome, made_from=inputs, weights=weights, digest=digest([inputs, weights])
    )
    write_record(run, record)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    (folder / "begun.json").unlink(missing_ok=True)


def staleness(run: Run, stage: Stage) -> list[str]:
    """The reasons why a finished stage must be trained again; empty where its weights hold.

    Raises:
        UserError: the stage is not finished, or a weights file is missing or was changed after training.
    """
    record = read_record(run, stage.name)
    if record is None:
        raise UserError(
            f"Stage {stage.name} must be trained. Received: {run.path}, where it is not finished."
        )
    for name in record.weights:
        check_weights_file(run, record, run.stage(stage.name) / "weights" / name)
    return changed_inputs(record.made_from, stage_inputs(run, stage))


def require_upstream(run: Run, stage: Stage) -> None:
    """Checks that all earlier stages that a stage needs are trained and hold.

    Raises:
        UserError: an earlier stage is missing or stale; the message names it.
    """
    for name in stage.upstream:
        earlier = stage_named(run.config, name)
        if is_view(earlier):
            require_upstream(run, earlier)
            continue
        if stage_digest(run, name) is None:
            raise UserError(f"Stage {stage.name} needs stage {name} trained first. Add {name} to --stages.")
        reasons = staleness(run, earlier)
        if reasons:
            raise UserError(
                f"Stage {stage.name} needs stage {name} as configured. Received: a stale one "
                f"({'; '.join(reasons)}). Add {name} to --stages."
            )
        require_upstream(run, earlier)


def changed_inputs(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What changed between two sets of inputs, one phrase each.

    A key that `before` lacks is newer and counts as having had its former value, which is the default, or
    stands in `data_keys.FORMER`.
    """
    former = {**_former_values(), **_former_stage_values(after)}
    before = {**{key: value for key, value in former.items() if key in after}, **before}
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [
        f"{key} changed" if _is_digest(key) else f"{key} was {before.get(key)}, is {after.get(key)}"
        for key in changed
    ]


def _former_values() -> dict[str, Json]:
    """What all stages share, as it was before each key, by dotted key."""
    sections = {
        "data": DataSettings.model_validate(data_keys.FORMER),
        "model": ModelSettings(),
        "training": TrainingSettings(),
    }
    return flatten({name: section.model_dump(mode="json") for name, section in sections.items()})


def _former_stage_values(keys: Iterable[str]) -> dict[str, Json]:
    """The defaults of those of `keys` that every stage's own section has, except epochs and learning rate."""
    required = {"epochs": 1, "learning_rate": 1.0}
    defaults = JointHeadSettings.model_validate(required).model_dump(mode="json", exclude=set(required))
    names = {key: key.rpartition(".")[2] for key in keys if key.partition(".")[0] in SECTION_KEYS}
    return {key: defaults[name] for key, name in names.items() if name in defaults}


def _is_digest(key: str) -> bool:
    return key.startswith("stage ") or key in ("records", "backbone weights")


def is_current(run: Run, name: str) -> bool:
    """Whether a stage is finished, and so are the stages that it is made from, all as configured now.

    A training that ended early leaves later stages that are made from earlier weights: they are not current.
    """
    stage = stage_named(run.config, name)
    if not is_view(stage):
        record = read_record(run, name)
        if record is None:
            return False
        made_from = {key: value for key, value in record.made_from.items() if key != KEPT_EPOCH}
        if changed_inputs(made_from, _own_inputs(run, stage)):
            return False
    return all(is_current(run, earlier) for earlier in stage.upstream)


def current_stages(run: Run) -> list[Stage]:
    """The run's current stages and compared systems, in order."""
    return [stage for stage in _all_stages(run) if is_current(run, stage.name)]


def outdated_stages(run: Run) -> list[Stage]:
    """The run's stages and compared systems that were finished once and must be trained again, in order."""
    finished = (stage for stage in _all_stages(run) if read_record(run, stage.name) is not None)
    return [stage for stage in finished if not is_current(run, stage.name)]


def _all_stages(run: Run) -> list[Stage]:
    return [*configured_stages(run.config), *METHOD_STAGES.values()]


def predictions_digest(run: Run, split: str) -> str:
    """What a split's predictions are made from."""
    return digest(
        [
            split,
            run.dataset.digest,
            {stage.name: feature_digest(run, stage.name) for stage in current_stages(run)},
        ]
    )
