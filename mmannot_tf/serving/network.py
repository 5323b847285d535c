"""What goes into and comes out of the network, whichever engine runs it. No TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

NETWORK_OUTPUTS = ("probabilities", "predicted_quantity", "selected", "order")


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """A batch for the network.

    Attributes:
        image: RGB pixels from 0 to 255, resized and not normalised, float32 [B, S, S, 3].
        tag_lists: the tags' places in the vocabulary, each once, filled up with -1, int32 [B, L].
    """

    image: np.ndarray
    tag_lists: np.ndarray

    def named(self) -> dict[str, np.ndarray]:
        """The arrays by the names that every format gives its inputs."""
        return {"image": self.image, "tag_lists": self.tag_lists}

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, eq=False)
class NetworkOutputs:
    """What the network says about a batch.

    Attributes:
        probabilities: float32 [B, C], in label order.
        predicted_quantity: m̂, float32 [B], neither rounded nor clipped.
        selected: whether each label is one of the m̂ best, bool [B, C].
        order: label indices, best first, int32 [B, C].
    """

    probabilities: np.ndarray
    predicted_quantity: np.ndarray
    selected: np.ndarray
    order: np.ndarray

    @classmethod
    def from_named(cls, arrays: Mapping[str, np.ndarray]) -> "NetworkOutputs":
        """From arrays by the names that every format gives its outputs; others are left out."""
        return cls(**{name: np.asarray(arrays[name]) for name in NETWORK_OUTPUTS})

    def chosen(self, row: int) -> list[int]:
        """The indices of an image's selected labels, best first."""
        return [int(label) for label in self.order[row] if self.selected[row, label]]


class Engine(Protocol):
    """Something that runs the network.

    Attributes:
        name: as `--engine` takes it.
        version: of the library that computes.
    """

    name: str
    version: str

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch of any size."""
        ...


@dataclass(frozen=True)
class Agreement:
    """How far two answers to one batch are apart.

    Attributes:
        images: B.
        same_labels: images that get the same labels from both.
        probability: the largest difference of two probabilities.
        quantity: the largest difference of two predicted quantities, over the larger of 1 and the quantity.
        tolerance: what `probability` and `quantity` may be at most.
    """

    images: int
    same_labels: int
    probability: float
    quantity: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether all labels are the same and both differences within the tolerance."""
        return self.same_labels == self.images and max(self.probability, self.quantity) <= self.tolerance

    def __str__(self) -> str:
        return (
            f"same labels on {self.same_labels} of {self.images} images, max |Δp| {self.probability:.1e}, "
            f"max |Δm̂| {self.quantity:.1e}, tolerance {self.tolerance:.0e}"
        )


def agreement(one: NetworkOutputs, reference: NetworkOutputs, *, tolerance: float) -> Agreement:
    """Holds an answer against the reference's to the same batch; a value that is not finite never agrees."""
    probability = _largest(one.probabilities - reference.probabilities)
    quantity = relative_difference(one.predicted_quantity, reference.predicted_quantity)
    images = len(reference.probabilities)
    same = (one.selected == reference.selected).all(axis=1).sum()
    return Agreement(images, int(same), probability, quantity, tolerance)


def relative_difference(one: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, over the larger of 1 and the reference's number; inf where one is NaN."""
    return _largest((one - reference) / np.maximum(1.0, np.abs(reference)))


def _largest(differences: np.ndarray) -> float:
    return float(np.nan_to_num(np.abs(differences), nan=np.inf).max(initial=0.0))
