"""Algorithm 1, step 5: label quantity prediction, on f and (for the rows without tags) on f_v alone."""

from mmannot_tf.training.stage import Stage

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
