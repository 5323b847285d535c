"""Which heads annotate images without a known tag, as validation has decided. No TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.runs.configured_stages import visual_stage
from mmannot_tf.runs.plan import feature_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import CLASSIFIER, QUANTITY, QUANTITY_VISUAL, TAG_ENCODER
from tfrecords_tools.shell.documents import read_document, write_document
from tfrecords_tools.shell.files import digest

Heads = Literal["joint", "visual"]
"""The heads on f = [f_v, f_t], or those on f_v."""
FILE = "untagged.json"


@dataclass(frozen=True, kw_only=True)
class UntaggedChoice:
    """The document untagged.json.

    Attributes:
        heads: those with the higher I-F1; "joint" where both are equal.
        image_f1: heads → their I-F1 on the validation images with all tags hidden, percent.
        images: how many validation images.
        made_from: the digest of the stages that were compared.
    """

    heads: Heads
    image_f1: Mapping[Heads, float]
    images: int
    made_from: str


def compared_stages(run: Run) -> tuple[str, ...]:
    """The stages of both pairs of heads and of what they read."""
    stages = (visual_stage(run.config), TAG_ENCODER, CLASSIFIER, QUANTITY_VISUAL, QUANTITY)
    return tuple(stage.name for stage in stages)


def write_choice(run: Run, image_f1: Mapping[Heads, float], images: int) -> UntaggedChoice:
    """Writes untagged.json for the stages as they are trained now."""
    heads: Heads = "visual" if image_f1["visual"] > image_f1["joint"] else "joint"
    choice = UntaggedChoice(heads=heads, image_f1=image_f1, images=images, made_from=_digest(run))
    write_document(run.path / FILE, choice)
    return choice


def read_choice(run: Run) -> UntaggedChoice | None:
    """What validation has decided; None where it has not, or for stages that were trained again since.

    Raises:
        UserError: untagged.json is not as it was written.
    """
    file = run.path / FILE
    if run.config.evaluation.untagged != "validation" or not file.exists():
        return None
    choice = read_document(
        file,
        UntaggedChoice,
        what="A run's untagged.json",
        remedy="Delete it and run `mmannot train` again to have it made again.",
    )
    return choice if choice.made_from == _digest(run) else None


def annotation_settings(run: Run) -> EvaluationSettings:
    """The run's `[evaluation]` with `untagged` decided: "joint" where validation has not decided."""
    settings = run.config.evaluation
    if settings.untagged != "validation":
        return settings
    choice = read_choice(run)
    return settings.model_copy(update={"untagged": "joint" if choice is None else choice.heads})


def _digest(run: Run) -> str:
    return digest({name: feature_digest(run, name) for name in compared_stages(run)})
