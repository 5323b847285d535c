"""Which layers of a ResNet halve its maps, and how it pads them. No TensorFlow."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

Stride = Literal["first_1x1", "first_3x3", "last_3x3"]
Padding = Literal["symmetric", "same"]


@dataclass(frozen=True)
class Geometry:
    """Which layers have stride 2, and their paddings; by default those of keras.applications.

    Weights files do not state the geometry, but the weights are only right in the one they were trained in;
    others give maps of the same shapes with other values. Paddings differ at even sizes only: "symmetric"
    pads (k - 1)/2 on every side of a k x k window, "same" (TensorFlow's) pads the odd row at the bottom and
    the odd column at the right.

    Attributes:
        stride: which convolution halves: "first_1x1", the first 1x1 of a group's first unit (He's Caffe
            models, Keras); "first_3x3", the 3x3 of that unit (torchvision); "last_3x3", the 3x3 of the last
            unit of the group before (TF-Slim).
        stem: padding of conv1, 7x7.
        pool: padding of the pooling after conv1, 3x3.
        strided: padding of a 3x3 convolution with stride 2; "first_1x1" has none.

    Raises:
        ValueError: a value is unknown.
    """

    stride: Stride = "first_1x1"
    stem: Padding = "symmetric"
    pool: Padding = "symmetric"
    strided: Padding = "symmetric"

    def __post_init__(self) -> None:
        for field in fields(self):
            known = get_args(Stride if field.name == "stride" else Padding)
            if getattr(self, field.name) not in known:
                raise ValueError(
                    f"{field.name} must be one of {', '.join(known)}. "
                    f"Received: {field.name}={getattr(self, field.name)!r}"
                )

    def strided_unit(self, group: int, units: int) -> int | None:
        """The unit with stride 2 among the `units` of conv{group}_x, counted from 1; None if none has it."""
        if self.stride == "last_3x3":
            return units if group < 5 else None
        return 1 if group > 2 else None

    def tap_unit(self, group: int, units: int) -> int:
        """The last unit of conv{group}_x whose output has the group's size, counted from 1; 0 if none has."""
        last = self.stride == "last_3x3" and group < 5
        return units - 1 if last else units


KERAS = Geometry()
"""The geometry of keras.applications' ResNets, and of ours where weights are random."""
