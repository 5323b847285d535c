"""Annotations on the terminal. No TensorFlow."""

from collections.abc import Callable, Sequence
from typing import Any

from mmannot_tf.serving.annotation import Annotation, Result
from mmannot_tf.serving.photographs import Photograph


class Printed:
    """An `Output` that prints a line an image, or keeps the documents to print them as one.

    Attributes:
        earlier: 0, nothing is kept from run to run.
        documents: of all annotated images, where `show` is None.
    """

    def __init__(self, show: Callable[[str], None] | None):
        """`show` prints a line."""
        self.earlier, self._show = 0, show
        self.documents: list[dict[str, Any]] = []

    def wants(self, photograph: Photograph) -> bool:
        """True: what is named twice is printed twice."""
        return True

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Prints the annotated ones; the others are told at the end."""
        for one in results:
            if isinstance(one, Annotation):
                if self._show is None:
                    self.documents.append(one.document())
                else:
                    self._show(_line(one))
        return list(results)

    def close(self) -> None:
        """Nothing is open."""


def _line(annotation: Annotation) -> str:
    labels = "  ".join(f"{label} {score:.2f}" for label, score in annotation.labels)
    return f"{annotation.image}: {labels}  (quantity {annotation.predicted_quantity:.2f})"
