"""Algorithm 1, step 5: multi-class classification on the fixed joint feature f = [f_v, f_t]."""

from mmannot_tf.training.stage import Stage

CLASSIFIER = Stage(
    name="classifier",
    trunks={"features": ()},
    heads={"classifier": "labels"},
    trains=("classifier",),
    features=("ms_cnn", "tag_encoder"),
)
