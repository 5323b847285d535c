"""The stages of Algorithm 1, those of ours, and one for each compared system.

A new stage is a value in this file, a new system one in `mmannot_tf.config.methods`. `STAGES` lists the
stages in the order they are trained.
"""

from collections.abc import Mapping
from dataclasses import replace

from mmannot_tf.config.methods import ComparedSystem, in_training_order
from mmannot_tf.runs.stage import Stage

# Trains nothing: the backbone at its initial weights, for stages that leave it as it is.
PRETRAINED = Stage(name="pretrained", trunks={"images": ("backbone", "pooling")}, heads={}, trains=())

# Ours: a head on the pretrained CNN's feature. `cnn` starts from it, where a configuration has it.
CNN_HEAD = Stage(
    name="cnn_head",
    trunks={"features": ()},
    heads={"probe": "labels"},
    trains=("probe",),
    features=("pretrained",),
)

# Algorithm 1, step 1: the fine-tuned basic CNN.
CNN = Stage(
    name="cnn",
    trunks={"images": ("backbone", "pooling")},
    heads={"probe": "labels"},
    trains=("backbone", "probe"),
)

# Ours: the same CNN trained for as many more epochs as MS-CNN takes, which the paper does not compare with.
CNN_LONGER = Stage(
    name="cnn_longer",
    trunks={"images": ("backbone", "pooling")},
    heads={"probe": "labels"},
    trains=("backbone", "probe"),
    starts_from={"backbone": "cnn", "probe": "cnn"},
)

# Trains nothing: the averages over several maps of the fine-tuned CNN.
POOLED_SCALES = Stage(
    name="pooled_scales",
    trunks={"images": ("backbone", "pooled_scales")},
    heads={},
    trains=(),
    starts_from={"backbone": "cnn"},
)

# Ours: a head on these averages, the simplest way to use several scales, as a control of the fusion blocks.
CNN_SCALES = Stage(
    name="cnn_scales",
    trunks={"features": ()},
    heads={"probe": "labels"},
    trains=("probe",),
    features=("pooled_scales",),
)

# Trains nothing: the places of the fine-tuned CNN's last map, for heads that read more than their average.
CNN_MAP = Stage(
    name="cnn_map",
    trunks={"images": ("backbone", "places")},
    heads={},
    trains=(),
    starts_from={"backbone": "cnn"},
)

# Algorithm 1, steps 2 and 3: the fusion blocks on the fine-tuned, now fixed CNN.
# The head starts from the CNN's as well: by eq. 2, f_v begins as the CNN's feature plus what is fused in.
MS_CNN = Stage(
    name="ms_cnn",
    trunks={"images": ("backbone", "fusion")},
    heads={"probe": "labels"},
    trains=("fusion", "probe"),
    starts_from={"backbone": "cnn", "probe": "cnn"},
)

# Algorithm 1, step 4: the textual branch, separately from the visual one.
TAG_ENCODER = Stage(
    name="tag_encoder",
    trunks={"tags": ("tag_encoder",)},
    heads={"probe": "labels"},
    trains=("tag_encoder", "probe"),
)

# Algorithm 1, step 5: multi-class classification on the fixed joint feature f = [f_v, f_t].
CLASSIFIER = Stage(
    name="classifier",
    trunks={"features": ()},
    heads={"classifier": "labels"},
    trains=("classifier",),
    features=("ms_cnn", "tag_encoder"),
)

# Algorithm 1, step 5: label quantity prediction, on f and (for the rows without tags) on f_v alone.
QUANTITY_VISUAL = Stage(
    name="quantity_visual",
    trunks={"features": ()},
    heads={"quantity": "quantity"},
    trains=("quantity",),
    features=("ms_cnn",),
)

QUANTITY = Stage(
    name="quantity",
    trunks={"features": ()},
    heads={"quantity": "quantity"},
    trains=("quantity",),
    features=("ms_cnn", "tag_encoder"),
)

# Ours: all branches trained together, "in a single process" (the paper's future work, Sec. III-D).
#
# It starts where the stages of Algorithm 1 end and fine-tunes on: nothing is frozen, no cached feature is
# read, and the losses of equations 4 and 5 are summed. Off unless the configuration has `stages.joint`.
# It only adds rows of its own to the tables: export and annotate keep to the branches of Algorithm 1.
JOINT = Stage(
    name="joint",
    trunks={"images": ("backbone", "fusion"), "tags": ("tag_encoder",)},
    heads={"classifier": "labels", "quantity": "quantity"},
    trains=("backbone", "fusion", "tag_encoder", "classifier", "quantity"),
    starts_from={
        "backbone": "cnn",
        "fusion": "ms_cnn",
        "tag_encoder": "tag_encoder",
        "classifier": "classifier",
        "quantity": "quantity",
    },
)


def _stage(system: ComparedSystem) -> Stage:
    return Stage(
        name=system.name,
        trunks={"features": (), "tags": ()} if system.reads_tags else {"features": ()},
        heads={system.name: "labels"},
        trains=(system.name,),
        features=(system.feature,),
        section="methods",
    )


METHOD_STAGES: Mapping[str, Stage] = {system.name: _stage(system) for system in in_training_order()}
"""In the order they are trained: Tables III and IV from the last row upwards, then the later heads."""


_IN_ORDER = (
    CNN_HEAD,
    CNN,
    CNN_LONGER,
    CNN_SCALES,
    MS_CNN,
    TAG_ENCODER,
    CLASSIFIER,
    QUANTITY_VISUAL,
    QUANTITY,
    JOINT,
)

STAGES: Mapping[str, Stage] = {stage.name: stage for stage in _IN_ORDER}
"""Algorithm 1's and ours, in the order they are trained."""

_VIEWS = (PRETRAINED, POOLED_SCALES, CNN_MAP)

KNOWN: Mapping[str, Stage] = {**STAGES, **{view.name: view for view in _VIEWS}, **METHOD_STAGES}
"""All stages by name: those of `STAGES`, the untrained views, and the compared systems."""


def after_head(stage: Stage) -> Stage:
    """The stage in a run whose `cnn` starts from the head of `cnn_head`."""
    return replace(stage, starts_from={"probe": CNN_HEAD.name}) if stage.name == CNN.name else stage


def without_fusion(stage: Stage) -> Stage:
    """The stage in a run that has no fusion blocks: f_v is the CNN's feature."""
    features = tuple(CNN.name if name == MS_CNN.name else name for name in stage.features)
    return replace(stage, features=features)


def owner(stage: Stage, branch: str) -> str:
    """The name of the stage that trained the weights `branch` has when `stage` is done."""
    if branch in stage.trains or branch not in stage.starts_from:
        return stage.name
    return owner(KNOWN[stage.starts_from[branch]], branch)


def needs_tags(stage: Stage) -> bool:
    """Whether a stage reads tags, or is made from a stage that does."""
    return "tags" in stage.reads or any(needs_tags(KNOWN[name]) for name in stage.upstream)


def is_view(stage: Stage) -> bool:
    """Whether a stage trains nothing and only gives a feature."""
    return not stage.trains
