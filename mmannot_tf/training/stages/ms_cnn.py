"""Algorithm 1, steps 2 and 3: the fusion blocks on the fine-tuned, now fixed CNN."""

from mmannot_tf.training.stage import Stage

# The head starts from the CNN's as well: by eq. 2, f_v begins as the CNN's feature plus what is fused in.
MS_CNN = Stage(
    name="ms_cnn",
    trunks={"images": ("backbone", "fusion")},
    heads={"probe": "labels"},
    trains=("fusion", "probe"),
    starts_from={"backbone": "cnn", "probe": "cnn"},
)
