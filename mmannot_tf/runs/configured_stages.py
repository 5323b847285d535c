"""Which stages a configuration has, and what they read there. No TensorFlow."""

from collections.abc import Sequence

from mmannot_tf.config.settings import Config
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import (
    CNN,
    KNOWN,
    METHOD_STAGES,
    MS_CNN,
    PRETRAINED,
    STAGES,
    after_head,
    is_view,
    needs_tags,
    without_fusion,
)
from tfrecords_tools.shell.errors import UserError

ALL_METHODS = "all"


def visual_stage(config: Config) -> Stage:
    """The stage whose feature is f_v: MS-CNN, or the CNN in a configuration without fusion blocks."""
    return CNN if config.stages.ms_cnn is None else MS_CNN


def stage_named(config: Config, name: str) -> Stage:
    """The stage or compared system as this configuration has it."""
    stage = without_fusion(KNOWN[name]) if visual_stage(config) is CNN else KNOWN[name]
    return stage if config.stages.cnn_head is None else after_head(stage)


def stage_settings(config: Config, stage: Stage) -> StageSettings:
    """The numbers of a stage or of a compared system."""
    return getattr(getattr(config, stage.section), stage.name)


def has_frozen_backbone(config: Config, stage: Stage) -> bool:
    """Whether a stage that could move the backbone leaves it as it is."""
    return "backbone" in stage.trains and stage_settings(config, stage).backbone_rate == 0.0


def averages_flips(config: Config, stage: Stage) -> bool:
    """Whether a stage's feature is the mean over an image and its mirror image; places of a map never are."""
    return config.model.flip_average and "images" in stage.reads and "places" not in stage.branches


def feature_source(config: Config, name: str) -> str:
    """The stage whose feature a stage's own feature is: another one where it leaves the backbone as it is."""
    stage = KNOWN[name]
    if is_view(stage) or not has_frozen_backbone(config, stage):
        return name
    earlier = stage.starts_from.get("backbone")
    return PRETRAINED.name if earlier is None else feature_source(config, earlier)


def configured_stages(config: Config) -> list[Stage]:
    """The stages this configuration trains, in order, without the compared systems."""
    stages = [stage_named(config, name) for name in STAGES]
    return [stage for stage in stages if stage_settings(config, stage) is not None]


def select_stages(
    config: Config,
    names: Sequence[str] | None,
    methods: Sequence[str] | None = None,
    *,
    has_tags: bool = True,
) -> list[Stage]:
    """All configured stages, or the named ones, in order; then the named compared systems.

    Args:
        config: of the run.
        names: of stages; None for all.
        methods: names of compared systems, or "all"; None for none.
        has_tags: False leaves out what needs tags.

    Raises:
        UserError: a name is no configured stage, or no compared system, or needs tags that do not exist.
    """
    stages = configured_stages(config)
    _check_known("--stages must name stages of the configuration", names, [stage.name for stage in stages])
    _check_known("--methods must be all, or name", methods, [ALL_METHODS, *METHOD_STAGES])
    wanted = METHOD_STAGES if methods and ALL_METHODS in methods else (methods or ())
    compared = [stage for name, stage in METHOD_STAGES.items() if name in wanted]
    chosen = [stage for stage in stages if not names or stage.name in names] + compared
    if has_tags:
        return chosen
    for stage in chosen:
        if needs_tags(stage) and stage.name in {*(names or ()), *(methods or ())}:
            raise UserError(
                f"Stage {stage.name} needs tags. Received: records without tags, or "
                "data.vocabulary_size = 0. Leave the stage out."
            )
    return [stage for stage in chosen if not needs_tags(stage)]


def _check_known(rule: str, names: Sequence[str] | None, known: Sequence[str]) -> None:
    for name in names or ():
        if name not in known:
            raise UserError(f"{rule} ({', '.join(known)}). Received: {name}.")
