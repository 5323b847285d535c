"""The stages of Algorithm 1, ours, and the compared systems'. A new stage is a new file and a line here."""

from collections.abc import Mapping

from mmannot_tf.training.stage import Stage
from mmannot_tf.training.stages.classifier import CLASSIFIER
from mmannot_tf.training.stages.cnn import CNN, CNN_LONGER, CNN_MAP
from mmannot_tf.training.stages.joint import JOINT
from mmannot_tf.training.stages.methods import METHOD_STAGES
from mmannot_tf.training.stages.ms_cnn import MS_CNN
from mmannot_tf.training.stages.quantity import QUANTITY, QUANTITY_VISUAL
from mmannot_tf.training.stages.tag_encoder import TAG_ENCODER

_IN_ORDER = (CNN, CNN_LONGER, MS_CNN, TAG_ENCODER, CLASSIFIER, QUANTITY_VISUAL, QUANTITY, JOINT)

STAGES: Mapping[str, Stage] = {stage.name: stage for stage in _IN_ORDER}
"""Algorithm 1's and ours, in the order they are trained."""

KNOWN: Mapping[str, Stage] = {**STAGES, CNN_MAP.name: CNN_MAP, **METHOD_STAGES}
"""All whose features can be read: these, an untrained view of one, and the compared systems."""


def owner(stage: Stage, branch: str) -> str:
    """The name of the stage that trained the weights `branch` has when `stage` is done."""
    if branch in stage.trains or branch not in stage.starts_from:
        return stage.name
    return owner(KNOWN[stage.starts_from[branch]], branch)


def is_view(stage: Stage) -> bool:
    """Whether a stage trains nothing: its feature is another look at branches of an earlier one."""
    return not stage.trains
