"""Algorithm 1, step 1: fine-tune the basic CNN; and our control of what MS-CNN adds to it."""

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
