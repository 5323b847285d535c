"""Algorithm 1, step 4: the textual branch, apart from the visual one."""

from mmannot_tf.training.stage import Stage

TAG_ENCODER = Stage(
    name="tag_encoder",
    trunks={"tags": ("tag_encoder",)},
    heads={"probe": "labels"},
    trains=("tag_encoder", "probe"),
)
