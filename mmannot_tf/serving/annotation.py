"""What one photograph was given, or why it was given nothing. No TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmannot_tf.serving.network import NetworkOutputs


@dataclass(frozen=True)
class Annotation:
    """What one image was given.

    Attributes:
        image: its path.
        tags: the tags that came with it, comma-separated.
        labels: the selected labels with their probabilities, best first.
        predicted_quantity: the regressor's output before rounding.
    """

    image: str
    tags: str
    labels: tuple[tuple[str, float], ...]
    predicted_quantity: float

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "image": self.image,
            "tags": self.tags,
            "predicted_quantity": self.predicted_quantity,
            "annotations": [{"label": label, "probability": score} for label, score in self.labels],
        }


@dataclass(frozen=True)
class Unread:
    """An image that could not be read.

    Attributes:
        image: its path.
        tags: the tags that came with it, comma-separated.
        error: why, in one line.
    """

    image: str
    tags: str
    error: str

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"image": self.image, "tags": self.tags, "error": self.error}


Result = Annotation | Unread


def annotation(
    outputs: NetworkOutputs, row: int, *, labels: Sequence[str], image: str, tags: str
) -> Annotation:
    """A row of the network's answer with the labels' names."""
    chosen = tuple((labels[index], float(outputs.probabilities[row, index])) for index in outputs.chosen(row))
    return Annotation(image, tags, chosen, float(outputs.predicted_quantity[row]))
