"""What the synthetic set can be told."""

from dataclasses import asdict, dataclass
from typing import Any

from tfrecords_tools.errors import UserError


@dataclass(frozen=True)
class SyntheticSettings:
    """How many scenes, of what size, from which seed.

    Attributes:
        images: training and validation images together.
        test_images: test images.
        validation_share: share of `images` held out for validation.
        size: side of the square scenes, pixels.
        seed: of everything random; the same seed makes the same bytes.
    """

    images: int = 6600
    test_images: int = 1200
    validation_share: float = 0.091
    size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.images < 2 or self.test_images < 1:
            raise UserError(
                f"images must be >= 2, test images >= 1. Received: {self.images}, {self.test_images}."
            )
        if not 0 < self.validation_share < 1:
            raise UserError(f"validation share must lie in (0, 1). Received: {self.validation_share}.")
        if not 32 <= self.size <= 1024:
            raise UserError(f"size must lie in 32..1024 pixels. Received: {self.size}.")
        if self.seed < 0:
            raise UserError(f"seed must be >= 0. Received: {self.seed}.")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)
