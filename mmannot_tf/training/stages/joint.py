"""Ours: all branches trained together, "in a single process" (the paper's future work, Sec. III-D).

It starts where the stages of Algorithm 1 end and fine-tunes on: nothing is frozen, no cached feature is read,
and the losses of equations 4 and 5 are summed. Off unless the configuration has a section `stages.joint`.
It only adds rows of its own to the tables: export and annotate keep to the branches of Algorithm 1.
"""

from mmannot_tf.training.stage import Stage

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
    optional=True,
)
