"""The annotation of one photograph, or why there is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from mmannot_tf.serving.network import NetworkOutputs


class LabelDocument(TypedDict):
    """A label as JSON values."""

    label: str
    probability: float


class AnnotationDocument(TypedDict):
    """An annotation as JSON values."""

    image: str
    tags: str
    predicted_quantity: float | None
    annotations: list[LabelDocument]
    unknown_tags: NotRequired[list[str]]


class UnreadableDocument(TypedDict):
    """An unreadable image as JSON values."""

    image: str
    tags: str
    error: str


@dataclass(frozen=True)
class Annotation:
    """The labels of one image.

    Attributes:
        image: its path.
        tags: its tags, comma-separated.
        labels: the selected labels with their probabilities, best first.
        predicted_quantity: the regressor's output before rounding.
        unknown_tags: those of the tags that the model does not know and ignored.
    """

    image: str
    tags: str
    labels: tuple[tuple[str, float], ...]
    predicted_quantity: float
    unknown_tags: tuple[str, ...] = ()

    @classmethod
    def from_outputs(
        cls,
        outputs: NetworkOutputs,
        row: int,
        *,
        labels: Sequence[str],
        image: str,
        tags: str,
        unknown_tags: Sequence[str] = (),
    ) -> "Annotation":
        """Takes one row of the network's outputs; `labels` are the names in index order."""
        probabilities = outputs.probabilities[row]
        selected = tuple(
            (labels[index], float(probabilities[index])) for index in outputs.selected_labels(row)
        )
        quantity = float(outputs.predicted_quantity[row])
        return cls(image, tags, selected, quantity, tuple(unknown_tags))

    def document(self) -> AnnotationDocument:
        """The annotation as JSON values; `unknown_tags` only if there are any.

        JSON has no NaN and no infinity: a quantity that is not finite is None.
        """
        document: AnnotationDocument = {
            "image": self.image,
            "tags": self.tags,
            "predicted_quantity": self.predicted_quantity if math.isfinite(self.predicted_quantity) else None,
            "annotations": [{"label": label, "probability": score} for label, score in self.labels],
        }
        if self.unknown_tags:
            document["unknown_tags"] = list(self.unknown_tags)
        return document


@dataclass(frozen=True)
class Unreadable:
    """An image that could not be read.

    Attributes:
        image: its path.
        tags: its tags, comma-separated.
        error: why, in one line.
    """

    image: str
    tags: str
    error: str

    def document(self) -> UnreadableDocument:
        """The error as JSON values."""
        return {"image": self.image, "tags": self.tags, "error": self.error}


Result = Annotation | Unreadable
