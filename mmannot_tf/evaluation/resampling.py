"""Resampled test sets: how often each image counts in each draw.

A measure of equation 6 is a ratio of sums over images, so a draw needs the images' weights and no copy of
them: `weighted_sums` is one matrix product for all draws. Sums of counts are exact: whole numbers below 2²⁴,
which float32 holds, whatever the order they are added in.
"""

from dataclasses import dataclass

import numpy as np

from tfrecords_tools.shell.errors import UserError

LEAST_DRAWS = 100
"""With fewer, at most two draws lie beyond the ends of a 95 % interval."""

_BLOCK = 8192  # images that are float32 at a time: 1,000 draws of them take 33 MB


@dataclass(frozen=True)
class Resampling:
    """How uncertainty is measured. The values are ours; the paper has no intervals.

    Attributes:
        draws: how many test sets are drawn, for the bootstrap and for the randomization test each.
        confidence: of the intervals, percent.
        seed: the same seed draws the same test sets.

    Raises:
        UserError: too few draws, or no interval of that confidence.
    """

    draws: int = 1000
    confidence: float = 95.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.draws < LEAST_DRAWS:
            raise UserError(
                f"--bootstrap must be at least {LEAST_DRAWS}, or 0 for no intervals. Received: {self.draws}."
            )
        if not 0 < self.confidence < 100:
            raise UserError(f"confidence must lie between 0 and 100 percent. Received: {self.confidence}.")

    def bootstrap(self, images: int) -> np.ndarray:
        """How often each image is in each resample of as many images, drawn with replacement (Efron 1979).

        Returns:
            [draws, N] uint8, every row summing to N. An image 256 times in one row has a probability
            below 1/256!.
        """
        generator = np.random.default_rng([self.seed, 0])
        counts = np.empty((self.draws, images), np.uint8)
        for row in counts:
            row[:] = np.bincount(generator.integers(images, size=images), minlength=images)
        return counts

    def swaps(self, images: int) -> np.ndarray:
        """Whether two systems' outputs for an image change places in a shuffle: [draws, N] uint8, 0 or 1."""
        generator = np.random.default_rng([self.seed, 1])
        return generator.integers(2, size=(self.draws, images), dtype=np.uint8)

    def interval(self, values: np.ndarray) -> np.ndarray:
        """Computes the percentile interval of each measure over the draws.

        Args:
            values: one entry per draw, [draws, …].

        Returns:
            The low and the high end, [2, …].
        """
        tail = (100 - self.confidence) / 2
        return np.percentile(values, [tail, 100 - tail], axis=0)


def weighted_sums(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Σ_i weight_i · value_i in every draw, in blocks of images so that memory stays bounded.

    Args:
        weights: from `Resampling`, [draws, N] uint8.
        values: [N, K], bool or small integers, or float64, which is added up as such.

    Returns:
        [draws, K] float64.
    """
    kind = values.dtype if values.dtype.kind == "f" else np.float32
    sums = np.zeros((weights.shape[0], values.shape[1]))
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        sums += weights[:, block].astype(kind) @ values[block].astype(kind)
    return sums
