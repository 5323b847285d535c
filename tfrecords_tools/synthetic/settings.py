"""Settings of the synthetic data set."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from tfrecords_tools.building.splitting import ValidationShare, check_range, check_share
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class SyntheticSettings:
    """The number, size and seed of the scenes.

    Attributes:
        images: training and validation images together.
        test_images: test images.
        validation_share: share of `images` held out for validation.
        size: side of the square scenes in pixels.
        seed: the random seed; the same seed gives the same bytes.
    """

    images: Annotated[int, typer.Option(help="Training and validation images.")] = 6600
    test_images: Annotated[int, typer.Option(help="Test images.")] = 1200
    validation_share: ValidationShare = 0.091
    size: Annotated[int, typer.Option(help="Side of the images in pixels.")] = 64
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0

    def __post_init__(self) -> None:
        if self.images < 2 or self.test_images < 1:
            raise UserError(
                f"images must be >= 2, test images >= 1. Received: {self.images}, {self.test_images}."
            )
        check_share("validation share", self.validation_share)
        check_range("size (pixels)", self.size, minimum=32, maximum=1024)
        if self.seed < 0:
            raise UserError(f"seed must be >= 0. Received: {self.seed}.")

    def as_json(self) -> dict[str, Json]:
        """The settings as JSON."""
        return asdict(self)
