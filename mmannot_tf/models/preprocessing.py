"""From pixels to a network's input. No TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """Pixels to network input: (pixels[channel_order] - mean) * scale.

    Attributes:
        channel_order: of the network's input; pixels come as RGB, 0 to 255.
        mean: subtracted from each channel, in `channel_order`.
        scale: factor of each channel after the subtraction, in `channel_order`.
    """

    channel_order: Literal["RGB", "BGR"]
    mean: Triple
    scale: Triple = (1.0, 1.0, 1.0)


CAFFE = Preprocessing("BGR", (103.939, 116.779, 123.68))
"""He's Caffe models and what was converted from them: keras.applications' mode "caffe"."""

CENTRED = Preprocessing("RGB", (127.5, 127.5, 127.5), (1 / 127.5, 1 / 127.5, 1 / 127.5))
"""For random weights: each channel from -1 to 1 (ours; keras.applications' mode "tf")."""

TORCH = Preprocessing("RGB", (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375))
"""ImageNet's means and standard deviations, of pixels up to 255: keras.applications' mode "torch"."""

PIXELS = Preprocessing("RGB", (0.0, 0.0, 0.0))
"""As they are, from 0 to 255: for networks whose first layers scale and centre them."""

PREPROCESSINGS: Mapping[str, Preprocessing] = {
    "caffe": CAFFE,
    "centred": CENTRED,
    "torch": TORCH,
    "pixels": PIXELS,
}
"""The values of the setting `data.preprocessing` that replace the weights' own [reading 20]."""
