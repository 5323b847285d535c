"""What the synthetic set can be told."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from tfrecords_tools.building.splitting import HeldOut, proper_share, within
from tfrecords_tools.shell.errors import UserError


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

    images: Annotated[int, typer.Option(help="Training and validation images.")] = 6600
    test_images: Annotated[int, typer.Option(help="Test images.")] = 1200
    validation_share: HeldOut = 0.091
    size: Annotated[int, typer.Option(help="Side of the images, pixels.")] = 64
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0

    def __post_init__(self) -> None:
        if self.images < 2 or self.test_images < 1:
            raise UserError(
                f"images must be >= 2, test images >= 1. Received: {self.images}, {self.test_images}."
            )
        proper_share("validation share", self.validation_share)
        within("size (pixels)", self.size, least=32, most=1024)
        if self.seed < 0:
            raise UserError(f"seed must be >= 0. Received: {self.seed}.")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)
