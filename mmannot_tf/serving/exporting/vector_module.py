"""The SavedModel's module of a run on vectors: vectors and tag text to annotations or features."""

from pathlib import Path

import tensorflow as tf

from mmannot_tf.runs.run import Run
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule


class VectorModule(AnnotatorModule):
    """The annotator of vectors, for tf.saved_model.save.

    Where `AnnotatorModule` takes encoded images, this takes `vector`, float32 [B, D], as the network makes
    them that made the run's records. `network` calls it `image`, the name that all engines know.
    """

    annotate_decoded = None  # there is nothing to decode

    @property
    def pixels(self) -> str:
        """What the input `image` of `network` holds, in words."""
        vectors = self.run.dataset.vectors
        return "" if vectors is None else f"Vectors of {vectors.size:,} numbers, made by {vectors.model}."

    @property
    def signatures_by_name(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """The exported functions by the names of their signatures."""
        functions = super().signatures_by_name
        del functions["decoded"]
        return functions

    def _input(self) -> tf.TensorSpec:
        return tf.TensorSpec([None, *self._sizes.image_shape()], tf.float32, name="vector")

    def _images(self, encoded: tf.Tensor) -> tf.Tensor:
        return encoded

    def _normalised(self, image: tf.Tensor) -> tf.Tensor:
        return image


def open_module(run: Run, assets: Path, decides: Decisions | None = None) -> AnnotatorModule:
    """The module of a run; arguments and errors as of `AnnotatorModule`."""
    kind = VectorModule if run.dataset.vectors else AnnotatorModule
    return kind(run, assets, decides)
