"""`Annotate`: photographs to annotations, in any pipeline."""

from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import KeyedModelHandler, RunInference

from mmannot_tf.beam.addresses import address, check_file_system
from mmannot_tf.beam.exports import local_copy, pinned
from mmannot_tf.beam.handler import BATCH_SIZE, AnnotatorHandler
from mmannot_tf.decisions.override import UNCHANGED, Override
from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.engines.selection import EngineOptions, check_options
from mmannot_tf.serving.model import Model, annotated_by, check_override, open_model
from mmannot_tf.serving.network import TOLERANCE


class Annotate(beam.PTransform[Any, Any]):
    """Annotates photographs with an export.

    Its input are pairs of a name and a `Photograph`, which has the bytes of its file, or a
    `StoredPhotograph`, whose file the worker reads. Its output are dicts with the fields of the JSON lines
    of `mmannot annotate`: `image` (the name), `tags`, `model`, and `predicted_quantity`, `annotations` and
    `unknown_tags`, or `error` for a photograph that cannot be read.

    The export is opened when the transform is made, so that a wrong one is refused before the pipeline runs.

    Args:
        export: the path or URL of an export, which this process and the workers can read. If it has several
            versions, all workers open the one that is the highest now.
        decide: an `Override`, as of `LoadedModel.annotate`: how many labels photographs get.
        engine: a name of `mmannot annotate --engine`.
        precision: "float32", "bfloat16" or "auto".
        tolerance: the largest difference of a probability from TensorFlow's.
        batch_size: photographs per forward pass.
        max_batch_seconds: for streams, in which a bundle has few photographs: collects a batch over bundles
            for at most so long. It needs a runner with state and timers.

    Attributes:
        model: the export, as this process opened it.
        annotated_by: what records name as their model.

    Raises:
        UserError: it is no export, or the options do not fit it.

    Example:
        >>> photograph = mmannot_tf.beam.Photograph(content, tags="sea, sun")                 # doctest: +SKIP
        >>> photographs = pipeline | beam.Create([("a.jpg", photograph)])                     # doctest: +SKIP
        >>> documents = photographs | mmannot_tf.beam.Annotate("exports/photos")              # doctest: +SKIP
    """

    def __init__(
        self,
        export: str,
        *,
        decide: Override | None = None,
        engine: str = "tensorflow",
        precision: str = "float32",
        tolerance: float = TOLERANCE,
        batch_size: int = BATCH_SIZE,
        max_batch_seconds: int | None = None,
    ):
        """Opens the export; the class documents the arguments."""
        super().__init__()
        decide = UNCHANGED if decide is None else decide
        options = EngineOptions(engine, precision, tolerance)
        check_options(options)
        check_file_system(address(export), what="MODEL")
        location = pinned(address(export))
        self.model: Model = open_model(local_copy(location))
        check_override(self.model, decide)
        self.annotated_by = annotated_by(self.model, decide)
        self._handler = AnnotatorHandler(
            location,
            engine=options,
            decide=decide,
            batch_size=batch_size,
            max_batch_seconds=max_batch_seconds,
        )

    def expand(self, photographs: Any) -> Any:
        """Adds the transform to a pipeline."""
        model = self.annotated_by
        return (
            photographs
            | "Results" >> self.results()
            | "Document" >> beam.Map(lambda result: {**result.document(), "model": model})
        )

    def results(self) -> beam.PTransform[Any, Any]:
        """The same transform with an `Annotation` or `Unreadable` for each photograph as its output."""
        return _Results(self._handler)

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the opened export out of what travels to workers."""
        return {**self.__dict__, "model": None}


class _Results(beam.PTransform[Any, Any]):
    def __init__(self, handler: AnnotatorHandler):
        super().__init__()
        self._handler = handler

    def expand(self, photographs: Any) -> Any:
        annotated = photographs | RunInference(KeyedModelHandler(self._handler))
        return annotated | "Name" >> beam.MapTuple(_named)


def _named(name: str, result: Result) -> Result:
    return replace(result, image=name)
