"""Algorithm 1, step 4: the textual branch, apart from the visual one."""

from mmannot_tf.training.stage import Stage

TAG_ENCODER = Stage(
    name="tag_encoder",
    reads="tags",
    path=("tag_encoder", "probe"),
    trains=("tag_encoder", "probe"),
)
