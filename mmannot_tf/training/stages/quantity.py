"""Algorithm 1, step 5: label quantity prediction, on f and (for the rows without tags) on f_v alone."""

from mmannot_tf.training.stage import Stage

QUANTITY_VISUAL = Stage(
    name="quantity_visual",
    reads="features",
    path=("quantity",),
    trains=("quantity",),
    features=("ms_cnn",),
    target="quantity",
)

QUANTITY = Stage(
    name="quantity",
    reads="features",
    path=("quantity",),
    trains=("quantity",),
    features=("ms_cnn", "tag_encoder"),
    target="quantity",
)
