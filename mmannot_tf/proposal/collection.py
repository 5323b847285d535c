"""`Collection`: what a proposed configuration depends on."""

from dataclasses import dataclass

from tfrecords_tools.reading.inspection import inspect
from tfrecords_tools.reading.records import VOCABULARY, Records
from tfrecords_tools.reading.vocabulary import read_vocabulary

LEAST_PHOTOGRAPHS = 2
"""A tag that a single training photograph has teaches nothing about others (ours)."""
MOST_TAGS = 1000
"""The paper's vocabulary (Sec. IV-A1)."""


@dataclass(frozen=True)
class Collection:
    """Counts of a set of records.

    Attributes:
        training: number of training images.
        validation: number of validation images.
        test: number of test images.
        labels: number of labels.
        labels_per_image: the mean over the training images.
        rarest_label: the label that the fewest training images have.
        rarest_images: how many have it.
        vocabulary: number of tags worth reading, the most frequent ones.
    """

    training: int
    validation: int
    test: int
    labels: int
    labels_per_image: float
    rarest_label: str
    rarest_images: int
    vocabulary: int


def collection_of(records: Records) -> Collection:
    """Counts the labels and tags of all records; decodes no image."""
    splits = inspect(records)["splits"]
    frequencies = splits["train"]["label_frequencies"]
    rarest = min(frequencies, key=lambda label: frequencies[label])
    tags = read_vocabulary(records.path / VOCABULARY)
    return Collection(
        training=splits["train"]["images"],
        validation=splits["validation"]["images"],
        test=splits["test"]["images"],
        labels=len(records.labels),
        labels_per_image=splits["train"]["labels_per_image"],
        rarest_label=rarest,
        rarest_images=frequencies[rarest],
        vocabulary=min(MOST_TAGS, sum(images >= LEAST_PHOTOGRAPHS for _, images in tags)),
    )
