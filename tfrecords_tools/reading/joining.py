"""Records whose training and validation images train together."""

from dataclasses import replace

from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.files import digest


def with_joined_training(records: Records) -> Records:
    """The records with training and validation images as their split "train", and without "validation"."""
    splits = {name: count for name, count in records.splits.items() if name != "validation"}
    splits["train"] += records.splits["validation"]
    joined = "train+validation"
    return replace(records, splits=splits, training=joined, digest=digest([records.digest, joined]))
