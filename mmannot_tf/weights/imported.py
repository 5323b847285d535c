"""What an importer makes of another project's weights."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmannot_tf.models.geometry import Geometry
from mmannot_tf.weights.assignment import HEAD
from mmannot_tf.weights.naming import architecture_of
from mmannot_tf.weights.provenance import Preprocessing, Provenance
from mmannot_tf.weights.weights_file import tensors_digest

CLASSES = 1000
"""Of ImageNet. A head for that many classes is kept with the weights; any other belongs to another task."""


@dataclass(frozen=True)
class WeightConventions:
    """How an origin's code computes. Its weights are only right in a network that computes the same.

    Attributes:
        origin: the importer's name.
        epsilon: of the batch-norm layers.
        geometry: which layers have stride 2, and paddings.
        preprocessing: of the pixels.
    """

    origin: str
    epsilon: float
    geometry: Geometry
    preprocessing: Preprocessing


@dataclass(frozen=True)
class Imported:
    """Weights of another project, under our names.

    Attributes:
        provenance: how they were made.
        tensors: "layer/variable" to values; an ImageNet head as "predictions/…".
        ignored: names in the source that are no weights of the backbone.
    """

    provenance: Provenance
    tensors: Mapping[str, np.ndarray]
    ignored: tuple[str, ...] = ()


def imported(
    tensors: Mapping[str, np.ndarray],
    conventions: WeightConventions,
    *,
    source: Path,
    ignored: Iterable[str] = (),
) -> Imported:
    """Adds to an importer's tensors how they were made.

    Args:
        tensors: "layer/variable" to values.
        conventions: how their origin computes.
        source: what the user gave, for errors.
        ignored: names in the source that are no weights.

    Raises:
        UserError: the tensors do not belong to a known ResNet.
    """
    other = _other_head(tensors)
    kept = {name: tensor for name, tensor in tensors.items() if name not in other}
    provenance = Provenance(
        origin=conventions.origin,
        architecture=architecture_of(kept, source),
        epsilon=conventions.epsilon,
        geometry=conventions.geometry,
        preprocessing=conventions.preprocessing,
        digest=tensors_digest(kept),
    )
    return Imported(provenance, kept, (*ignored, *other))


def with_zero_biases(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Adds a zero bias to every convolution, which our layers have and most origins' have not."""
    zeros = {
        f"{name.removesuffix('/kernel')}/bias": np.zeros(tensor.shape[-1:], np.float32)
        for name, tensor in tensors.items()
        if name.endswith("_conv/kernel")
    }
    return {**zeros, **tensors}


def _other_head(tensors: Mapping[str, np.ndarray]) -> Collection[str]:
    """The names of a classifier's tensors, if it is not ImageNet's."""
    head = [name for name in tensors if name.startswith(HEAD)]
    return [] if all(tensors[name].shape[-1:] == (CLASSES,) for name in head) else head
