"""The splits that other studies use; rows of different splits are not comparable."""

from dataclasses import dataclass

from mmannot_tf.paper.intervals import Interval


@dataclass(frozen=True)
class PublishedSplit:
    """A split of a data set by others.

    Attributes:
        dataset: "nus_wide" or "mscoco".
        train: training images.
        test: test images.
        systems: the rows of Tables III and IV with studies that use it.
        labels: labels per image that such a test set has; None where it cannot be counted.
        evidence: where `labels` comes from, or why it is not known.
    """

    dataset: str
    train: int
    test: int
    systems: tuple[str, ...]
    labels: Interval | None
    evidence: str


# 209,347 labelled images have 2.4068 labels on average (standard deviation 1.583), so the mean of 59,347
# drawn from them has 1.583 sqrt(1 / 59,347 - 1 / 209,347) = 0.0055; three of those to either side.
_ANY_LABELLED = Interval(2.4068 - 3 * 0.0055, 2.4068 + 3 * 0.0055)

SPLITS = (
    PublishedSplit(
        "nus_wide",
        150_000,
        59_347,
        ("CNN-RNN", "CNN+WARP", "CNN+softmax"),
        _ANY_LABELLED,
        "the 209,347 images with a label have 2.407 labels on average by the official ground truth, "
        "and a draw of 59,347 of them 2.390 to 2.423",
    ),
    PublishedSplit(
        "nus_wide",
        150_000,
        40_253,
        ("TagNeighbour", "SINN", "CNN+logistic"),
        None,
        "their studies draw from 190,253 images whose list is not public, so its mean cannot be counted",
    ),
)


def split_of(dataset: str, system: str) -> PublishedSplit | None:
    """The split that a system's own study uses; None where it is not known."""
    splits = [split for split in SPLITS if split.dataset == dataset and system in split.systems]
    return splits[0] if splits else None
