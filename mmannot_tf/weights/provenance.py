"""What a backbone's weights need to know of how they were made. No TensorFlow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Preprocessing:
    """Pixels to network input: (pixels[channel_order] - mean) * scale.

    Attributes:
        channel_order: of the network's input; pixels come as RGB, 0 to 255.
        mean: subtracted from each channel, in `channel_order`.
        scale: factor after the subtraction.
    """

    channel_order: Literal["RGB", "BGR"]
    mean: tuple[float, float, float]
    scale: float


CAFFE = Preprocessing("BGR", (103.939, 116.779, 123.68), 1.0)
"""He's Caffe models and what was converted from them: keras.applications' mode "caffe"."""

CENTRED = Preprocessing("RGB", (127.5, 127.5, 127.5), 1 / 127.5)
"""For random weights: each channel from -1 to 1 (ours; keras.applications' mode "tf")."""


@dataclass(frozen=True)
class Provenance:
    """Where weights come from and what they are only right with.

    Attributes:
        origin: "random", "imagenet" (keras.applications), or the importer's name.
        architecture: a key of `models.architectures.ARCHITECTURES`.
        epsilon: of the batch-norm layers; None for random weights, where the caller chooses.
        stride: which unit of a group has stride 2: a key of `models.backbone.STRIDE_PLACEMENTS`.
        preprocessing: of the pixels.
        digest: identifies the tensors; None for random weights.
    """

    origin: str
    architecture: str
    epsilon: float | None
    stride: str
    preprocessing: Preprocessing
    digest: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, for JSON."""
        plain = asdict(self)
        plain["preprocessing"]["mean"] = list(self.preprocessing.mean)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Provenance":
        """The inverse of `to_dict`.

        Raises:
            TypeError: a key is missing or unknown.
            KeyError: there is no preprocessing, or it has no mean.
        """
        preprocessing = dict(plain["preprocessing"])
        preprocessing["mean"] = tuple(preprocessing["mean"])
        return cls(**{**plain, "preprocessing": Preprocessing(**preprocessing)})
