"""Whether records can be trained on."""

from mmannot_tf.data.arrays import load_arrays
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError


def check_trainable(records: Records) -> None:
    """Checks that each split has images, and that validation images have labels.

    Raises:
        UserError: a split is empty, or no validation image has a label.
    """
    for split in ("train", "validation", "test"):
        if not records.splits.get(split):
            raise UserError(
                f"Records must have images in each split. Received: {records.path}, {split} is empty."
            )
    if not load_arrays(records, "validation", ()).labels.any():
        raise UserError(
            "Validation images must have labels, which choose the best epoch. Received: "
            f"{records.path}, whose validation split has none. Build records with labels in that split."
        )
