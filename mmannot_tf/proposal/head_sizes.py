"""How long heads on fixed features train, and how much they are regularised, by the number of images."""

import math
from dataclasses import dataclass

STEPS = 720
"""Steps in which a head converges: those of `mscoco_small` (ours)."""
LEAST_EPOCHS, MOST_EPOCHS = 20, 120
"""The epochs of `mirflickr_small` and of `mscoco_small` (ours)."""
TAG_EPOCHS = 14
"""Of the tag encoder with thousands of images: docs/learning-rates.md, "Dropout in the tag encoder"."""
LEAST_BATCH, MOST_BATCH = 8, 128
"""The batch size of `mirflickr_small`, and the smallest that still averages (ours)."""
PENALTY, MOST_L2 = 700.0, 3.0
"""λ N is about the same where validation chose λ: 3.0 with 186 images, 0.1 with 8,008 (ours)."""


@dataclass(frozen=True)
class HeadSizes:
    """The numbers of heads that suit a number of training images.

    Attributes:
        batch_size: images a step.
        epochs: of a head on fixed features.
        tag_epochs: of the tag encoder.
        l2_coefficient: of a classifier's kernel.
    """

    batch_size: int
    epochs: int
    tag_epochs: int
    l2_coefficient: float


def head_sizes(images: int) -> HeadSizes:
    """The numbers for so many training images.

    Example:
        >>> head_sizes(8008)
        HeadSizes(batch_size=128, epochs=20, tag_epochs=14, l2_coefficient=0.087)
        >>> head_sizes(186)
        HeadSizes(batch_size=16, epochs=60, tag_epochs=30, l2_coefficient=3.0)
    """
    batch_size = min(MOST_BATCH, max(LEAST_BATCH, 2 ** int(math.log2(max(1, images / 8)))))
    epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, round(STEPS / math.ceil(images / batch_size))))
    return HeadSizes(
        batch_size=batch_size,
        epochs=epochs,
        tag_epochs=max(TAG_EPOCHS, epochs // 2),
        l2_coefficient=min(MOST_L2, float(f"{PENALTY / images:.2g}")),
    )
