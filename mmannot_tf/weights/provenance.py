"""How a backbone's weights were made. No TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mmannot_tf.models.geometry import Geometry
from mmannot_tf.models.preprocessing import CAFFE, CENTRED, PREPROCESSINGS, Preprocessing, Triple

__all__ = ["CAFFE", "CENTRED", "PREPROCESSINGS", "VERSION", "Preprocessing", "Provenance"]

VERSION = 2
"""Of `Provenance.to_dict`. 1 knew only Keras' geometry, and one scale for all channels."""


@dataclass(frozen=True)
class Provenance:
    """Where weights come from and how the network must compute with them.

    Attributes:
        origin: "random", "imagenet" (keras.applications), or the importer's name.
        architecture: a key of `models.architectures.ARCHITECTURES` or of `models.networks.NETWORKS`, or the
            path of a Keras model.
        epsilon: of the batch-norm layers; None for random weights, where the caller chooses, and where the
            network itself has one.
        geometry: which layers have stride 2, and paddings.
        preprocessing: of the pixels.
        digest: identifies the tensors; None for random weights.
    """

    origin: str
    architecture: str
    epsilon: float | None
    geometry: Geometry
    preprocessing: Preprocessing
    digest: str | None

    def to_dict(self) -> dict[str, object]:
        """Returns plain values, for JSON."""
        plain = asdict(self)
        for name in ("mean", "scale"):
            plain["preprocessing"][name] = list(plain["preprocessing"][name])
        return {"version": VERSION, **plain}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Provenance":
        """The inverse of `to_dict`, for documents of this version and of earlier ones.

        Raises:
            TypeError: a key is missing or unknown, or a value is of another kind.
            KeyError: the preprocessing or the geometry is missing, or has no mean or scale.
            ValueError: the version or the geometry is unknown, or mean or scale are not three numbers.
        """
        current = dict(plain)
        version = current.pop("version", 1)
        if version == 1:
            current = _from_version_1(current)
        elif version != VERSION:
            raise ValueError(f"version must be at most {VERSION}. Received: version={version!r}")
        preprocessing = dict(current.pop("preprocessing"))
        mean, scale = (_triple(preprocessing.pop(name)) for name in ("mean", "scale"))
        geometry = Geometry(**current.pop("geometry"))
        return cls(
            **current,
            geometry=geometry,
            preprocessing=Preprocessing(**preprocessing, mean=mean, scale=scale),
        )


def _triple(values: Sequence[float]) -> Triple:
    red, green, blue = values
    return red, green, blue


def _from_version_1(plain: dict[str, Any]) -> dict[str, Any]:
    """Turns a document of version 1, which knew only Keras as an origin, into one of version 2."""
    stride = plain.pop("stride")
    if stride != "first":
        raise ValueError(f"stride must be 'first' in version 1. Received: stride={stride!r}")
    preprocessing = dict(plain["preprocessing"])
    preprocessing["scale"] = [preprocessing["scale"]] * 3
    return {**plain, "preprocessing": preprocessing, "geometry": asdict(Geometry())}
