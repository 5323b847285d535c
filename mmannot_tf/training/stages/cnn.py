"""Algorithm 1, step 1: fine-tune the basic CNN; our control of MS-CNN's gain over it; its last map."""

from mmannot_tf.training.stage import Stage

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
    optional=True,
)

# Trains nothing: the places of the fine-tuned CNN's last map, for heads that look at more than their average.
CNN_MAP = Stage(
    name="cnn_map",
    trunks={"images": ("backbone", "places")},
    heads={},
    trains=(),
    starts_from={"backbone": "cnn"},
)
