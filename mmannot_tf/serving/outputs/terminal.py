"""Annotations on the terminal."""

from collections.abc import Callable, Sequence

from mmannot_tf.serving.annotation import Annotation, AnnotationDocument, Result, UnreadableDocument
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.outputs.output import EarlierAnnotation


class TerminalOutput:
    """An `Output` that prints one line per image, or collects JSON documents to print at the end.

    Attributes:
        already_done: 0, because nothing is kept between runs.
        earlier_errors: 0, likewise.
        documents: the images, if `print_line` is None.
    """

    def __init__(self, print_line: Callable[[str], None] | None):
        """`print_line` prints a line."""
        self.already_done, self.earlier_errors, self._print_line = 0, 0, print_line
        self.documents: list[AnnotationDocument | UnreadableDocument] = []

    def wants(self, photograph: Photograph) -> bool:
        """Returns True: a file that is named twice is printed twice."""
        return True

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """Returns None, because nothing is kept between runs."""
        return None

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Prints the annotated images; the command reports the others at the end. JSON holds all images."""
        for result in results:
            if self._print_line is None:
                self.documents.append(result.document())
            elif isinstance(result, Annotation):
                self._print_line(_line(result))
        return list(results)

    def close(self) -> None:
        """Does nothing."""


def _line(annotation: Annotation) -> str:
    labels = "  ".join(f"{label} {score:.2f}" for label, score in annotation.labels) or "no label"
    return f"{annotation.image}: {labels}  (predicted quantity {annotation.predicted_quantity:.2f})"
