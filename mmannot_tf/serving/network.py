"""The network's inputs and outputs, whichever engine runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

TOLERANCE = 1e-4
"""Ours: engines in float32 were seen to differ from TensorFlow by 1e-6 to 1e-5."""
NETWORK_OUTPUTS = ("probabilities", "predicted_quantity", "selected", "order")


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """A batch for the network.

    Attributes:
        image: RGB pixels from 0 to 255, resized and not normalised, float32 [B, S, S, 3].
        tag_lists: indices of the tags in the vocabulary, each once, padded with -1, int32 [B, L].
    """

    image: np.ndarray
    tag_lists: np.ndarray

    def as_mapping(self) -> dict[str, np.ndarray]:
        """The arrays by the input names of every format."""
        return {"image": self.image, "tag_lists": self.tag_lists}

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, eq=False)
class NetworkOutputs:
    """The network's outputs for a batch.

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
    def from_mapping(cls, arrays: Mapping[str, np.ndarray]) -> "NetworkOutputs":
        """Takes arrays by the output names of every format; other names are ignored."""
        return cls(**{name: np.asarray(arrays[name]) for name in NETWORK_OUTPUTS})

    def selected_labels(self, row: int) -> list[int]:
        """The indices of an image's selected labels, best first."""
        return [int(label) for label in self.order[row] if self.selected[row, label]]


class Engine(Protocol):
    """Runs the network.

    Attributes:
        name: its `--engine` name.
        version: of the library that computes.
    """

    name: str
    version: str

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch of any size."""
        ...


@dataclass(frozen=True)
class Agreement:
    """How much two outputs for one batch differ.

    Attributes:
        images: B.
        same_labels: the number of images with the same labels in both.
        probability: the largest difference of two probabilities.
        quantity: the largest difference of two predicted quantities, divided by max(1, quantity).
        tolerance: the largest `probability` and `quantity` allowed.
    """

    images: int
    same_labels: int
    probability: float
    quantity: float
    tolerance: float

    @property
    def is_close(self) -> bool:
        """Whether both differences are within the tolerance."""
        return max(self.probability, self.quantity) <= self.tolerance

    @property
    def holds(self) -> bool:
        """Whether all labels are the same, too."""
        return self.same_labels == self.images and self.is_close

    def __str__(self) -> str:
        return (
            f"same labels on {self.same_labels} of {self.images} images, max |Δp| {self.probability:.1e}, "
            f"max |Δm̂| {self.quantity:.1e}, tolerance {self.tolerance:.0e}"
        )


def compare(outputs: NetworkOutputs, reference: NetworkOutputs, *, tolerance: float) -> Agreement:
    """Compares outputs with the reference's for the same batch; a value that is not finite never agrees."""
    probability = _largest(outputs.probabilities - reference.probabilities)
    quantity = relative_difference(outputs.predicted_quantity, reference.predicted_quantity)
    images = len(reference.probabilities)
    same = (outputs.selected == reference.selected).all(axis=1).sum()
    return Agreement(images, int(same), probability, quantity, tolerance)


def relative_difference(values: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference divided by max(1, reference); inf where a value is NaN."""
    return _largest((values - reference) / np.maximum(1.0, np.abs(reference)))


def _largest(differences: np.ndarray) -> float:
    return float(np.nan_to_num(np.abs(differences), nan=np.inf).max(initial=0.0))
